import { execa } from 'execa'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { root } from './fleet.ts'
import { TrustedFleet } from './trusted-fleet.ts'

test('a second agent on one data folder says so and ends; the first is not taken for a copy', async () => {
  await using place = await tempPlace()
  await using fleet = await TrustedFleet.start(place.path)
  await fleet.host('north')
  const args = ['packages/agent-linux/bin/varve-agent.mjs', '--data', fleet.data('north')]
  const second = await execa(process.execPath, [...args, '--library', `images=${place.path}/north/images`], {
    cwd: root,
    reject: false,
  })
  expect([second.exitCode, second.stderr]).toEqual([
    2,
    expect.stringContaining(`another agent works with it (process ${fleet.pid('north')})`),
  ])
  expect(await fleet.members('north')).toMatchObject([{ state: 'active' }])
  await fleet.state('north', 'connected')
  // Killed, it leaves its lock, which holds nobody up.
  await fleet.stop('north')
  await fleet.startAgent('north')
  await fleet.state('north', 'connected')
})
