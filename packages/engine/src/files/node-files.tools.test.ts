import {
  mkdirSync,
  openSync,
  closeSync,
  ftruncateSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Extent } from '@varve/core/ranges/extent'
import type { ByteSource } from '@varve/core/binary/byte-source'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { assertUnchanged } from './file-fingerprint.ts'
import { nodeFiles } from './node-files.ts'

const coded = (code: string) => expect.objectContaining({ code })

async function readAll(source: ByteSource): Promise<Buffer> {
  const bytes = Buffer.alloc(source.size)
  await source.readInto(bytes, 0)
  return bytes
}

describe.each(['sync', 'async'] as const)('files read %s', (io) => {
  test('bytes at any place, and nothing past the end', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('a'), 'hello world')
    await using file = await nodeFiles({ roots: null, io }).open(place.file('a'))
    const part = Buffer.alloc(5)
    await file.source.readInto(part, 6)
    expect(part.toString()).toBe('world')
    await expect(file.source.readInto(part, 7)).rejects.toThrow(coded('truncated'))
  })

  test('a file that becomes shorter while it is read', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('a'), Buffer.alloc(10_000, 1))
    await using file = await nodeFiles({ roots: null, io }).open(place.file('a'))
    truncateSync(place.file('a'), 5000)
    await expect(readAll(file.source)).rejects.toThrow(coded('source-changed'))
    await expect(assertUnchanged([file])).rejects.toThrow(coded('source-changed'))
  })
})

test('holes are extents of zeros', async () => {
  await using place = await tempPlace()
  const fd = openSync(place.file('sparse'), 'w')
  ftruncateSync(fd, 3 * 1024 * 1024)
  writeSync(fd, Buffer.alloc(4096, 1), 0, 4096, 1024 * 1024)
  closeSync(fd)
  await using file = await nodeFiles({ roots: null }).open(place.file('sparse'))
  const extents: Extent[] = []
  for await (const extent of file.source.extents({ start: 0, end: 3 * 1024 * 1024 })) extents.push(extent)
  expect(extents.reduce((sum, { length }) => sum + length, 0)).toBe(3 * 1024 * 1024)
  expect(extents).toContainEqual(expect.objectContaining({ start: 0, content: 'zero' }))
  expect(file.allocated).toBeLessThan(1024 * 1024)
})

describe('what is no image file', () => {
  test.each([
    ['a missing file', 'missing', 'not-found'],
    ['a folder', 'folder', 'not-an-image'],
    ['a name that was not UTF-8', 'bad\uFFFDname', 'name-not-utf8'],
    ['a name with half a surrogate pair', 'bad\uD800name', 'name-not-utf8'],
    ['a name with a null byte', 'a\0b', 'not-found'],
    ['a file as a folder', 'plain/x', 'not-found'],
    ['a link to itself', 'loop', 'not-readable'],
    ['a link to nothing', 'dangling', 'not-found'],
  ])('%s', async (_, name, code) => {
    await using place = await tempPlace()
    mkdirSync(place.file('folder'))
    writeFileSync(place.file('plain'), 'x')
    symlinkSync('loop', place.file('loop'))
    symlinkSync('nothing', place.file('dangling'))
    await expect(nodeFiles({ roots: null }).open(place.file(name))).rejects.toThrow(coded(code))
  })

  test('a character device', async () => {
    await expect(nodeFiles({ roots: null }).open('/dev/zero')).rejects.toThrow(coded('not-an-image'))
  })

  test.skipIf(!requires('mkfifo'))('a named pipe, without waiting for its writer', async () => {
    await using place = await tempPlace()
    await runToolOk('mkfifo', [place.file('pipe')])
    await expect(nodeFiles({ roots: null }).open(place.file('pipe'))).rejects.toThrow(coded('not-an-image'))
  })

  test('a socket', async () => {
    await using place = await tempPlace()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(place.file('socket'), resolve))
    await expect(nodeFiles({ roots: null }).open(place.file('socket'))).rejects.toThrow(coded('not-an-image'))
    await new Promise((resolve) => server.close(resolve))
  })

  test.skipIf(process.getuid?.() === 0)('a file without the right to read it', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('secret'), 'x', { mode: 0 })
    await expect(nodeFiles({ roots: null }).open(place.file('secret'))).rejects.toThrow(coded('not-readable'))
  })
})

describe('library roots', () => {
  test('links are followed inside and refused outside', async () => {
    await using place = await tempPlace()
    mkdirSync(place.file('library'))
    mkdirSync(place.file('library-2'))
    writeFileSync(place.file('library/inside'), 'x')
    writeFileSync(place.file('library-2/outside'), 'x')
    symlinkSync('inside', place.file('library/good'))
    symlinkSync('../library-2/outside', place.file('library/evil'))
    symlinkSync('../library-2', place.file('library/folder'))
    const files = nodeFiles({ roots: [place.file('library')] })
    await using good = await files.open(place.file('library/good'))
    expect(good.path).toBe(place.file('library/good'))
    for (const name of [
      'library/evil',
      'library/folder/outside',
      'library/../library-2/outside',
      'library-2/outside',
    ]) {
      await expect(files.open(place.file(name))).rejects.toThrow(coded('outside-library'))
    }
    expect(await files.list(place.file('library'))).toEqual(['evil', 'folder', 'good', 'inside'])
    expect(await files.list(place.file('library/folder'))).toEqual([])
  })

  test('a root may itself be a link', async () => {
    await using place = await tempPlace()
    mkdirSync(place.file('real'))
    writeFileSync(place.file('real/a'), 'x')
    symlinkSync('real', place.file('root'))
    await using file = await nodeFiles({ roots: [place.file('root')] }).open(place.file('root/a'))
    expect(file.source.size).toBe(1)
  })
})

describe.skipIf(process.getuid?.() !== 0 || !requires('losetup'))('a block device', () => {
  test('is as long as it says and has the bytes it has', async () => {
    await using place = await tempPlace()
    const bytes = Buffer.alloc(1024 * 1024, 'varve')
    writeFileSync(place.file('a'), bytes)
    const device = (await runToolOk('losetup', ['--show', '-r', '-f', place.file('a')])).trim()
    try {
      await using file = await nodeFiles({ roots: null }).open(device)
      expect(file.source.size).toBe(bytes.length)
      expect(file.allocated).toBeNull()
      expect((await readAll(file.source)).equals(bytes)).toBe(true)
      await assertUnchanged([file])
    } finally {
      await runToolOk('losetup', ['-d', device])
    }
  })
})

describe.skipIf(process.getuid?.() !== 0 || !requires('losetup'))('a block device that is written to', () => {
  test('is told by its kernel: its times are those of udev, which has looked at it', async () => {
    await using place = await tempPlace()
    writeFileSync(place.file('a'), Buffer.alloc(1024 * 1024))
    const device = (await runToolOk('losetup', ['--show', '-f', place.file('a')])).trim()
    try {
      await using file = await nodeFiles({ roots: null }).open(device)
      await runToolOk('touch', [device])
      await assertUnchanged([file])
      await runToolOk('dd', [
        'if=/dev/urandom',
        `of=${device}`,
        'bs=4k',
        'count=1',
        'conv=fsync',
        'status=none',
      ])
      await expect(assertUnchanged([file])).rejects.toThrow(coded('source-changed'))
    } finally {
      await runToolOk('losetup', ['-d', device])
    }
  })
})

describe('fingerprints', () => {
  test.each([
    ['is removed', (path: string) => runToolOk('rm', [path])],
    ['is written to', async (path: string) => writeFileSync(path, 'y')],
    ['grows', async (path: string) => writeFileSync(path, 'xx')],
    ['is replaced', (path: string) => runToolOk('mv', [`${path}.new`, path])],
  ])('a file that %s changed', async (_, change) => {
    await using place = await tempPlace()
    writeFileSync(place.file('a'), 'x')
    writeFileSync(place.file('a.new'), 'x')
    await using file = await nodeFiles({ roots: null }).open(place.file('a'))
    await assertUnchanged([file])
    await change(place.file('a'))
    await expect(assertUnchanged([file])).rejects.toThrow(coded('source-changed'))
  })
})
