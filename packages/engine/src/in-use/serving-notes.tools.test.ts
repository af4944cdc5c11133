import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { markExported } from './exports.ts'
import { assertNoUse, findUses } from './find-uses.ts'
import { lockIdOf } from './run-locks.ts'
import { noteServing } from './serving-notes.ts'

const notesIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.serving'))
const usesOf = async (path: string) => (await findUses([{ path }], { purpose: 'move' })).files[0]?.uses

/** A note of a process as it would have left it. */
function plantNote(path: string, holder: { readonly pid: number; readonly host: string }): string {
  const folder = join(path, '..')
  const note = join(folder, `.${basename(path)}.${lockIdOf(basename(path))}-0123456789abcdef.serving`)
  writeFileSync(note, JSON.stringify({ version: 1, serves: true, began: null, ...holder }))
  return note
}

test('who serves an image is seen by other processes while it lives, and leaves nothing when it is killed', async () => {
  await using place = await tempPlace()
  const image = place.file('a.raw')
  writeFileSync(image, Buffer.alloc(4096))
  const server = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  await once(server, 'spawn')
  const pid = server.pid ?? 0
  plantNote(image, { pid, host: hostname() })
  expect(await usesOf(image)).toEqual([{ by: 'export', pid, host: null }])
  await expect(assertNoUse([{ path: image }], { purpose: 'change' })).rejects.toMatchObject({
    code: 'in-use',
    message: expect.stringContaining(`process ${pid}`),
    details: { how: 'reads' },
  })
  // It is read like any other.
  await assertNoUse([{ path: image }])
  const ended = once(server, 'exit')
  server.kill('SIGKILL')
  await ended
  expect(await usesOf(image)).toEqual([])
  expect(notesIn(place.path)).toEqual([])
})

test('another host counts as long as it touches its note', async () => {
  await using place = await tempPlace()
  const image = place.file('a.raw')
  writeFileSync(image, Buffer.alloc(4096))
  const note = plantNote(image, { pid: 1, host: 'elsewhere' })
  expect(await usesOf(image)).toEqual([{ by: 'export', pid: 1, host: 'elsewhere' }])
  utimesSync(note, 0, 0)
  expect(await usesOf(image)).toEqual([])
  expect(notesIn(place.path)).toEqual([])
})

test.each([['a.raw'], [`${'ä'.repeat(120)}.raw`]])(
  'each that serves %s has a note of its own, which goes with it',
  async (name) => {
    await using place = await tempPlace()
    const image = place.file(name)
    writeFileSync(image, Buffer.alloc(4096))
    writeFileSync(place.file(`${name}.2`), Buffer.alloc(4096))
    {
      using _first = await markExported([{ path: image }])
      using _second = await noteServing([image])
      expect(notesIn(place.path)).toHaveLength(2)
      expect(await usesOf(image)).toEqual([{ by: 'export', pid: process.pid, host: null }])
      expect(await usesOf(place.file(`${name}.2`))).toEqual([])
    }
    expect(notesIn(place.path)).toEqual([])
  },
)

test('a bundle has one note beside it; a text of somebody else is none', async () => {
  await using place = await tempPlace()
  const bundle = place.file('x.sparsebundle')
  mkdirSync(join(bundle, 'bands'), { recursive: true })
  const files = ['Info.plist', 'bands/0', 'bands/1'].map((name) => join(bundle, name))
  for (const file of files) writeFileSync(file, 'x')
  using _note = await noteServing(files)
  const [only = '', ...others] = notesIn(place.path)
  expect(others).toEqual([])
  expect(readdirSync(bundle).sort()).toEqual(['Info.plist', 'bands'])
  writeFileSync(place.file(only), '{"pid":1}')
  expect(await usesOf(bundle)).toEqual([])
  expect(notesIn(place.path)).toEqual([only])
})
