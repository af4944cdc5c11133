import { mkdir, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { makeConfig, readConfig } from './config.ts'
import { openDataFolder, StartError } from './data-folder.ts'
import { startController } from './start-controller.ts'

test('a data folder is used by one at a time', async () => {
  await using place = await tempPlace()
  const first = openDataFolder(place.path)
  expect(() => openDataFolder(place.path)).toThrow('Another controller uses the data directory')
  first.release()
  openDataFolder(place.path).release()
})

test('a folder that cannot be is told in a sentence', async () => {
  await using place = await tempPlace()
  await writeFile(place.file('file'), '')
  expect(() => openDataFolder(place.file('file'))).toThrow(StartError)
})

test('an inventory that is no database is told in a sentence, and the folder is free again', async () => {
  await using place = await tempPlace()
  await mkdir(place.file('data'))
  await writeFile(place.file('data/inventory.sqlite'), 'this is not a database'.repeat(100))
  const config = makeConfig({ data: place.file('data'), port: 0, logLevel: 'silent' })
  await expect(startController(config)).rejects.toThrow(
    'inventory.sqlite is damaged (file is not a database): restore it',
  )
  openDataFolder(config.data).release()
})

test('settings come from flags, then the environment, then defaults', () => {
  expect(
    readConfig(['--port', '0'], { VARVE_PORT: '1', VARVE_HOST: '::1', VARVE_AGENT_GRACE: '5' }),
  ).toMatchObject({
    port: 0,
    host: '::1',
    graceMs: 5000,
    logLevel: 'info',
  })
  expect(readConfig([], {})).toMatchObject({ port: 7070, host: '127.0.0.1' })
  expect(() => readConfig(['--port', 'x'], {})).toThrow('The setting port is not possible')
  expect(() => readConfig(['extra'], {})).toThrow()
  expect(readConfig(['--help'], {})).toBeNull()
})
