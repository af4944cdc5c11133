import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { writeAll, writeBehind, type WriteTarget } from './write-all.ts'

const KiB = 1024

async function setUp(writesBehind: boolean) {
  const place = await tempPlace()
  const names = ['image', 'part'].map((name) => join(place.path, name))
  const targets: WriteTarget[] = names.map((name) => ({
    fd: openSync(name, 'wx+'),
    name,
    allocates: false,
    writesBehind,
  }))
  return {
    targets,
    names,
    async [Symbol.asyncDispose]() {
      for (const { fd } of targets) closeSync(fd)
      await place[Symbol.asyncDispose]()
    },
  }
}

const piece = (length: number, byte: number) => new Uint8Array(length).fill(byte)

test('what is written to a file goes to the medium in one range, each file its own, and is where it belongs', async () => {
  await using place = await setUp(true)
  const { targets, names } = place
  const written = writeAll(targets, [
    { at: 300 * KiB, bytes: piece(300 * KiB, 1) },
    { at: 64 * KiB, bytes: piece(10, 2), file: 1 },
    { at: 8 * KiB, bytes: piece(KiB, 3) },
  ])
  expect([...written.behind].map(([{ name }, range]) => [name, range])).toEqual([
    [names[0], { start: 8 * KiB, end: 600 * KiB }],
    [names[1], { start: 64 * KiB, end: 64 * KiB + 10 }],
  ])
  writeBehind(written)
  const image = readFileSync(names[0] ?? '')
  expect([image.length, image[8 * KiB], image[9 * KiB], image[300 * KiB]]).toEqual([600 * KiB, 3, 0, 1])
})

test('what may stay in memory, and what is shared with the source, is not sent there', async () => {
  await using cached = await setUp(false)
  expect(writeAll(cached.targets, [{ at: 0, bytes: piece(KiB, 1) }]).behind.size).toBe(0)
  await using synced = await setUp(true)
  const shared = writeAll(synced.targets, [{ at: 0, bytes: piece(KiB, 1) }], () => true)
  expect(shared).toMatchObject({ sharedBytes: KiB, behind: new Map() })
})

test('a file that is not open any more is told by its name', async () => {
  await using place = await tempPlace()
  const name = join(place.path, 'image')
  const fd = openSync(name, 'wx+')
  const written = writeAll(
    [{ fd, name, allocates: false, writesBehind: true }],
    [{ at: 0, bytes: piece(KiB, 1) }],
  )
  closeSync(fd)
  if (process.platform === 'linux')
    expect(() => writeBehind(written)).toThrow(expect.objectContaining({ code: 'input-output' }))
})
