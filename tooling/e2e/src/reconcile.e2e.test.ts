import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startFakeAgent } from '@varve/controller/testing/fake-agent'
import { tempPlace } from '@varve/test-kit/temp-place'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Fleet } from './fleet.ts'

const count = 14

/** A count that took the controller long to make is kept for a while: it is asked until it is right. */
async function untilThereAre(fleet: Fleet, wanted: number): Promise<void> {
  for (;;) {
    const total = await fleet.api.images.list.query({ host: 'north' }).then(
      (page) => page.total,
      () => 0,
    )
    if (total === wanted) return
    await sleep(100)
  }
}

async function startWithImages(folder: string): Promise<Fleet> {
  const fleet = await Fleet.start(folder)
  for (let index = 0; index < count; index += 1) {
    await writeFile(join(fleet.library('north'), `disk-${index}.raw`), Buffer.alloc(65_536, index + 1))
  }
  await untilThereAre(fleet, count)
  return fleet
}

test('a controller that lost its data has all images again when the agents have said hello', async () => {
  await using place = await tempPlace()
  await using fleet = await startWithImages(place.path)
  await fleet.kill('controller')
  await rm(join(place.path, 'controller'), { recursive: true })
  await fleet.run('controller')
  await untilThereAre(fleet, count)
})

test('an agent that had the name while its own was away takes no image away for good', async () => {
  await using place = await tempPlace()
  await using fleet = await startWithImages(place.path)
  await fleet.kill('north')
  {
    await using second = await startFakeAgent({ url: fleet.url, name: 'north' })
    const delta = { library: 'images', changed: [], removed: ['disk-0.raw', 'disk-1.raw'], state: null }
    const at = new Date().toISOString()
    const sent = { session: second.session, delta: { ...delta, kind: 'changes' as const, at } }
    expect(await second.client.agents.inventory.mutate(sent)).toEqual({ inStep: true })
    await untilThereAre(fleet, count - 2)
  }
  await fleet.run('north')
  await untilThereAre(fleet, count)
})
