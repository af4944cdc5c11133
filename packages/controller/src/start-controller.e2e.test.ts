import { copyFile, mkdir, open, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeConfig } from './config.ts'
import { StartError } from './data-folder.ts'
import { startController } from './start-controller.ts'

const start = (data: string) => startController(makeConfig({ data, port: 0, logLevel: 'silent' }))

describe('a data directory that is damaged', () => {
  let place: TempPlace

  beforeAll(async () => {
    place = await tempPlace()
    const controller = await start(place.file('good'))
    await controller.close()
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  const damages: readonly [string, (path: string) => Promise<unknown>][] = [
    ['is something else', (path) => writeFile(path, Buffer.alloc(20_000, 'no database'))],
    ['was cut', (path) => truncate(path, 5000)],
    [
      'has pages of something else',
      async (path) => {
        await using file = await open(path, 'r+')
        await file.write(Buffer.alloc(8 * 4096, 0xa5), 0, 8 * 4096, 4096)
      },
    ],
    ['is a folder', async (path) => rm(path).then(() => mkdir(path))],
  ]
  const cases = damages.flatMap(([how, damage]) =>
    ['inventory.sqlite', 'workflows.sqlite', 'trust.sqlite'].map((name) => [name, how, damage] as const),
  )
  test.each(cases)('%s that %s is said in a sentence with a way out', async (name, _how, damage) => {
    const data = place.file(`damaged-${Math.random()}`)
    await mkdir(data)
    for (const file of await readdir(place.file('good'))) {
      if (file.endsWith('.sqlite') || file === 'secrets.key')
        await copyFile(join(place.file('good'), file), join(data, file))
    }
    await damage(join(data, name))
    const error: unknown = await start(data).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(StartError)
    const said = error instanceof Error ? error.message : ''
    expect(said).toContain(join(data, name))
    expect(said).toMatch(/restore it .*backup(?:, or move it away|; moved away)/u)
    expect(said).not.toContain('\n')
    // Moved away, it starts.
    for (const file of await readdir(data))
      if (file.startsWith(name)) await rm(join(data, file), { recursive: true, force: true })
    await (await start(data)).close()
  })
})
