import { open, rm, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { readRange } from '@varve/core/binary/byte-source'
import type { Extent } from '@varve/core/ranges/extent'
import { tempPlace } from '@varve/test-kit/temp-place'
import type { TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { connectNbd, listExports, nbdDisk } from './client.ts'
import type { NbdClient } from './client.ts'
import { startToolServer } from './testing/tool-server.ts'
import type { ToolServer } from './testing/tool-server.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** 64 MiB + 512 bytes as a sparse file with data at 0, in the middle and at the end. */
async function sparseFile(path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(64 * MiB + 512)
  await using file = await open(path, 'w')
  await file.truncate(bytes.length)
  for (const [at, length] of [
    [0, 128 * KiB],
    [20 * MiB, 5 * MiB],
    [64 * MiB, 512],
  ] as const) {
    for (let i = 0; i < length; i += 1) bytes[at + i] = 1 + ((i * 13) % 251)
    await file.write(bytes, at, length, at)
  }
  return bytes
}

async function qemuNbd(place: TempPlace, file: string, format: string): Promise<ToolServer> {
  const path = place.file('qemu.socket')
  const args = [
    '--read-only',
    '--persistent',
    '--shared=8',
    '-f',
    format,
    '-x',
    'disk',
    '-D',
    'of web01',
    '-k',
    path,
    file,
  ]
  return startToolServer('qemu-nbd', args, path)
}

async function nbdkit(place: TempPlace, args: readonly string[]): Promise<ToolServer> {
  const path = place.file('nbdkit.socket')
  return startToolServer('nbdkit', ['--foreground', '--readonly', '--unix', path, ...args], path)
}

async function extentsOf(client: NbdClient): Promise<Extent[]> {
  const extents: Extent[] = []
  for await (const extent of nbdDisk(client).extents({ start: 0, end: client.size })) extents.push(extent)
  return extents
}

function dataOf(extents: readonly Extent[]): (readonly [number, number])[] {
  return extents.filter(({ content }) => content === 'data').map(({ start, length }) => [start, length])
}

async function readAll(client: NbdClient): Promise<Uint8Array> {
  return readRange(client, { start: 0, end: client.size })
}

describe.skipIf(!requires('qemu-nbd', 'qemu-img'))('a disk of qemu-nbd', () => {
  test('raw: facts, bytes and holes', async () => {
    await using place = await tempPlace()
    const bytes = await sparseFile(place.file('disk.raw'))
    await using server = await qemuNbd(place, place.file('disk.raw'), 'raw')
    await using client = await connectNbd({ path: server.path, exportName: 'disk' })
    expect(client.facts).toMatchObject({
      isReadOnly: true,
      canMultiConn: true,
      hasStructuredReplies: true,
      description: 'of web01',
    })
    expect(client.facts.allocationContextId).not.toBeNull()
    expect(Buffer.compare(await readAll(client), bytes)).toBe(0)
    expect(dataOf(await extentsOf(client))).toEqual([
      [0, 128 * KiB],
      [20 * MiB, 5 * MiB],
      [64 * MiB, 512],
    ])
  })

  test('qcow2: bytes and extents as qemu-img maps them', async () => {
    await using place = await tempPlace()
    const bytes = await sparseFile(place.file('disk.raw'))
    await runToolOk('qemu-img', [
      'convert',
      '-f',
      'raw',
      '-O',
      'qcow2',
      place.file('disk.raw'),
      place.file('disk.qcow2'),
    ])
    const map: { start: number; length: number; zero: boolean }[] = JSON.parse(
      await runToolOk('qemu-img', ['map', '--output=json', '-f', 'qcow2', place.file('disk.qcow2')]),
    )
    await using server = await qemuNbd(place, place.file('disk.qcow2'), 'qcow2')
    await using client = await connectNbd({
      path: server.path,
      exportName: 'disk',
      requestSize: 64 * KiB,
      inFlight: 16,
    })
    expect(Buffer.compare(await readAll(client), bytes)).toBe(0)
    expect(await extentsOf(client)).toEqual(
      map.map(({ start, length, zero }) => ({ start, length, content: zero ? 'zero' : 'data' })),
    )
  })

  test('is listed', async () => {
    await using place = await tempPlace()
    await sparseFile(place.file('disk.raw'))
    await using server = await qemuNbd(place, place.file('disk.raw'), 'raw')
    expect(await listExports({ path: server.path })).toEqual([{ name: 'disk', description: 'of web01' }])
  })

  test('an unknown export is refused with the text of the server', async () => {
    await using place = await tempPlace()
    await sparseFile(place.file('disk.raw'))
    await using server = await qemuNbd(place, place.file('disk.raw'), 'raw')
    const connecting = connectNbd({ path: server.path, exportName: 'wrong-secret' })
    await expect(connecting).rejects.toMatchObject({
      code: 'nbd-failed',
      message: expect.stringMatching(/not present/u),
    })
    await expect(connecting).rejects.not.toThrow(/wrong-secret/u)
  })

  test('a server that is killed in the middle of reads fails them', async () => {
    await using place = await tempPlace()
    await sparseFile(place.file('disk.raw'))
    await using server = await qemuNbd(place, place.file('disk.raw'), 'raw')
    await using client = await connectNbd({ path: server.path, exportName: 'disk' })
    const target = new Uint8Array(4 * MiB)
    await client.readInto(target, 0)
    const reading = (async () => {
      for (;;) await client.readInto(target, 20 * MiB)
    })()
    const failing = expect(reading).rejects.toMatchObject({ code: 'nbd-failed' })
    await server.kill()
    await failing
  })
})

describe.skipIf(!requires('nbdkit'))('a disk of nbdkit', () => {
  test.each([
    ['structured replies', []],
    ['simple replies', ['--no-sr']],
    ['the first newstyle, without options', ['--mask-handshake=0']],
    ['fixed newstyle with padding', ['--mask-handshake=1']],
  ])('pattern over %s', async (_, flags) => {
    await using place = await tempPlace()
    await using server = await nbdkit(place, [...flags, 'pattern', 'size=5M'])
    await using client = await connectNbd({ path: server.path, exportName: '', requestSize: 100_000 })
    const bytes = await readAll(client)
    const expected = Buffer.alloc(5 * MiB)
    for (let at = 0; at < expected.length; at += 8) expected.writeBigUInt64BE(BigInt(at), at)
    expect(Buffer.compare(bytes, expected)).toBe(0)
    expect(dataOf(await extentsOf(client))).toEqual([[0, 5 * MiB]])
  })

  test('blocks of 4096 bytes are kept to, whatever is asked', async () => {
    await using place = await tempPlace()
    const policy = ['--filter=blocksize-policy', 'blocksize-minimum=4096', 'blocksize-error-policy=error']
    await using server = await nbdkit(place, ['pattern', 'size=1M', ...policy])
    await using client = await connectNbd({ path: server.path, exportName: '' })
    expect(client.facts.blockSize.minimum).toBe(4096)
    const bytes = await readRange(client, { start: 4090, end: 12_300 })
    const view = Buffer.from(bytes)
    expect(view.readBigUInt64BE(6)).toBe(4096n)
    expect(view.readBigUInt64BE(8198)).toBe(12_288n)
  })

  test('an error keeps the connection, a later read is right', async () => {
    await using place = await tempPlace()
    const filter = [
      '--filter=error',
      'error-pread=EIO',
      'error-pread-rate=100%',
      `error-pread-file=${place.file('fail')}`,
    ]
    await writeFile(place.file('fail'), '')
    await using server = await nbdkit(place, ['pattern', 'size=1M', ...filter])
    await using client = await connectNbd({ path: server.path, exportName: '' })
    await expect(client.readInto(new Uint8Array(512), 0)).rejects.toThrow(/EIO/u)
    await rm(place.file('fail'))
    const bytes = Buffer.from(await readRange(client, { start: 512, end: 1024 }))
    expect(bytes.readBigUInt64BE(0)).toBe(512n)
  })

  test('a server that stalls is a lack of progress', async () => {
    await using place = await tempPlace()
    await using server = await nbdkit(place, ['pattern', 'size=1M', '--filter=delay', 'delay-read=60'])
    await using client = await connectNbd({ path: server.path, exportName: '', noProgressMs: 300 })
    await expect(client.readInto(new Uint8Array(512), 0)).rejects.toMatchObject({ code: 'no-progress' })
  })

  test('a disk of 8 TiB is mapped without reading it', async () => {
    await using place = await tempPlace()
    await using server = await nbdkit(place, ['data', 'size=8T', 'data=@4398046511104 1*1048576'])
    await using client = await connectNbd({ path: server.path, exportName: '' })
    const data = dataOf(await extentsOf(client))
    expect(data).toEqual([[4 * 1024 * 1024 * MiB, MiB]])
  })
})
