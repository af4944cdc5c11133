import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { performAction } from '@varve/agent/actions/perform'
import { openTestHost } from '@varve/agent/testing/test-host'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { windowsAdapters } from './actions/adapter-table.ts'
import { windowsOver } from './testing/windows-over.ts'

const asked: string[] = []
const scripts = {
  call: async (script: string) => {
    asked.push(script)
    return Promise.reject(new Error('nothing is asked'))
  },
}

test('what Windows and WSL change lies in the library of the agent, whatever the call says', async () => {
  await using place = await tempPlace()
  const library = await realpath(place.path).then((path) => `${path}/library`)
  await mkdir(library)
  const [own, link, secret] = [`${library}/own.vhdx`, `${library}/link.vhdx`, place.file('secret.vhdx')]
  await writeFile(own, 'own')
  await writeFile(secret, 'secret')
  await symlink(secret, link)
  const windows = windowsOver(scripts)
  await using host = openTestHost(place.path, { roots: [library], windowsHost: windows })
  const adapters = windowsAdapters({ scripts, windows })
  const context = {
    ports: host.ports,
    signal: new AbortController().signal,
    isResumed: false,
    onProgress() {},
  }
  const staged = (target: string) => ({ target, staging: 'abc', format: 'vhdx', subformat: null })
  const ofDebian = { distribution: 'Debian' }
  const calls: readonly [action: string, input: object][] = [
    ...[secret, link].flatMap((image): [string, object][] => [
      ['retrim-disk', { image }],
      ['compact-vhd', { image, by: 'hyper-v', gives: 'free', predicted: [] }],
      ['compact-vhd', { image, by: 'diskpart', gives: 'zeros', predicted: [] }],
      ['import-distribution', { image, ...ofDebian, folder: null }],
    ]),
    ['prove-unchanged', { image: { path: secret }, digest: 'a'.repeat(64) }],
    ['trim-distribution', { image: secret, ...ofDebian }],
    ['stop-distribution', { image: secret, ...ofDebian }],
    ['set-sparse', { image: secret, ...ofDebian, isSparse: true, isUnsafe: true }],
    ['move-distribution', { image: secret, target: own, ...ofDebian }],
    ['move-distribution', { image: own, target: secret, ...ofDebian }],
    ['export-distribution', { image: secret, ...ofDebian, staged: staged(own) }],
    ['export-distribution', { image: own, ...ofDebian, staged: staged(secret) }],
    ['discard-export', staged(secret)],
    ['import-distribution', { image: own, ...ofDebian, folder: place.path }],
    ['unregister-distribution', { image: secret, ...ofDebian, id: 'x' }],
  ]
  for (const [action, input] of calls) {
    const done = performAction(adapters, { action, input }, context)
    await expect(done, `${action} ${JSON.stringify(input)}`).rejects.toMatchObject({
      code: 'outside-library',
    })
  }
  expect(asked).toEqual([])
})
