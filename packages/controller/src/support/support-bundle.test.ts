import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { unpackTar } from 'modern-tar'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { keepingEnvironment, makeConfig } from '../config.ts'
import { startController } from '../start-controller.ts'
import { supportBundle } from './support-bundle.ts'

async function filesOf(bytes: Uint8Array): Promise<ReadonlyMap<string, string>> {
  const entries = await unpackTar(gunzipSync(bytes))
  return new Map(entries.map(({ header, data }) => [header.name, Buffer.from(data ?? []).toString()]))
}

async function bundleOf(data: string, logs: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { settings, secrets } = keepingEnvironment(env)
  return await filesOf(await supportBundle({ data, logs, settings, secrets, now: Date.now }))
}

test('a bundle has facts, settings and ends of logs', async () => {
  await using place = await tempPlace()
  const data = place.file('data')
  await (await startController(makeConfig({ data, port: 0, logLevel: 'silent' }))).close()
  const lines = Array.from({ length: 200_000 }, (_, index) => `line ${index} of a long log\n`)
  await writeFile(place.file('long log.txt'), `${lines.join('')}its passphrase was the-word-of-mine\n`)
  const files = await bundleOf(data, [place.file('long log.txt')], {
    VARVE_PASSPHRASE: 'the-word-of-mine',
    VARVE_HOST: '0.0.0.0',
    OTHER: 'not ours',
  })
  const json = (name: string) => JSON.parse(files.get(`varve-support/${name}.json`) ?? '') as unknown
  expect(json('versions')).toMatchObject({ node: process.versions.node, varve: '0.1.0' })
  expect(json('settings')).toEqual({ VARVE_PASSPHRASE: '[redacted]', VARVE_HOST: '0.0.0.0' })
  expect(json('databases')).toMatchObject({ 'trust.sqlite': { journal: 'wal' } })
  expect(json('trust')).toMatchObject({
    roots: [{ generation: 1 }],
    members: [],
    tokens: [],
    starts: [{ number: 1 }],
  })
  for (const name of ['hosts', 'libraries', 'runs', 'jobs', 'findings', 'activity'])
    expect([name, json(name)]).toEqual([name, []])
  const log = files.get('varve-support/logs/1-long_log.txt') ?? ''
  expect(log.length).toBeLessThanOrEqual(4 * 2 ** 20)
  expect(log.split('\n')[0]).toMatch(/^line \d+ of a long log$/u)
  expect(log).toContain('line 199999 of')
  expect(log).toContain('its passphrase was [redacted]')
  const key = JSON.parse(await readFile(join(data, 'secrets.key'), 'utf8')) as { readonly key: string }
  expect([...files.values()].join('\n')).not.toContain(key.key)
})

test('of a folder that is damaged it tells what it can', async () => {
  await using place = await tempPlace()
  const data = place.file('data')
  await (await startController(makeConfig({ data, port: 0, logLevel: 'silent' }))).close()
  await truncate(join(data, 'inventory.sqlite'), 5000)
  await rm(join(data, 'workflows.sqlite'))
  const files = await bundleOf(data)
  expect(files.get('varve-support/hosts.json')).toContain('notRead')
  expect(files.get('varve-support/databases.json')).toContain('notRead')
  expect(files.get('varve-support/trust.json')).toContain('"generation": 1')
  await mkdir(place.file('nothing'))
  expect((await bundleOf(place.file('nothing'))).get('varve-support/versions.json')).toContain('0.1.0')
})
