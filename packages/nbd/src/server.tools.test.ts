import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { memoryExport } from './exports/memory-export.ts'
import type { NbdExport } from './nbd-export.ts'
import { serveNbd } from './server.ts'
import type { NbdServer } from './server.ts'
import { readOnly } from './wrappers/read-only.ts'
import { withErrors } from './wrappers/with-errors.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** 40 MiB with data in three places, one of them up to the end. */
function sampleDisk(): Uint8Array {
  const bytes = new Uint8Array(40 * MiB)
  for (const [at, length] of [
    [0, 64 * KiB],
    [10 * MiB, 3 * MiB + 4 * KiB],
    [40 * MiB - 128 * KiB, 128 * KiB],
  ] as const) {
    for (let i = 0; i < length; i += 1) bytes[at + i] = 1 + ((i * 7 + at) % 255)
  }
  return bytes
}

const expectedMap = [
  [0, 64 * KiB, 'data'],
  [64 * KiB, 10 * MiB - 64 * KiB, 'hole'],
  [10 * MiB, 3 * MiB + 4 * KiB, 'data'],
  [13 * MiB + 4 * KiB, 27 * MiB - 132 * KiB, 'hole'],
  [40 * MiB - 128 * KiB, 128 * KiB, 'data'],
]

async function serve(exported: NbdExport): Promise<NbdServer> {
  return serveNbd({
    host: '127.0.0.1',
    port: 0,
    resolveExport: async (name) => (name === 'disk' ? exported : null),
    listExports: async () => [{ name: 'disk', description: 'of web01' }],
  })
}

function uri({ port }: NbdServer, name = 'disk'): string {
  return `nbd://127.0.0.1:${port}/${name}`
}

describe.skipIf(!requires('nbdinfo'))('nbdinfo', () => {
  test('sees size, abilities and block sizes', async () => {
    await using server = await serve(readOnly(memoryExport(sampleDisk())))
    const found = JSON.parse(await runToolOk('nbdinfo', ['--json', uri(server)]))
    expect(found).toMatchObject({ protocol: 'newstyle-fixed', structured: true })
    expect(found.exports[0]).toMatchObject({
      'export-size': 40 * MiB,
      contexts: ['base:allocation'],
      is_read_only: true,
      can_multi_conn: true,
      can_df: true,
      block_size_minimum: 1,
      block_size_preferred: 64 * KiB,
      block_size_maximum: 32 * MiB,
    })
  })

  test('maps holes and data', async () => {
    await using server = await serve(memoryExport(sampleDisk()))
    const map: { offset: number; length: number; type: number }[] = JSON.parse(
      await runToolOk('nbdinfo', ['--map', '--json', uri(server)]),
    )
    expect(map.map(({ offset, length, type }) => [offset, length, type === 0 ? 'data' : 'hole'])).toEqual(
      expectedMap,
    )
  })

  test('lists with the description', async () => {
    await using server = await serve(memoryExport(sampleDisk()))
    const list = await runToolOk('nbdinfo', ['--list', `nbd://127.0.0.1:${server.port}`])
    expect(list).toMatch(/export="disk"/u)
    expect(list).toMatch(/description: of web01/u)
  })

  test('is refused an unknown export', async () => {
    await using server = await serve(memoryExport(sampleDisk()))
    const outcome = await runTool('nbdinfo', [uri(server, 'other')])
    expect(outcome.exitCode).not.toBe(0)
  })
})

describe.skipIf(!requires('nbdcopy'))('nbdcopy', () => {
  test.each([['1'], ['4']])('copies over %s connections', async (connections) => {
    await using place = await tempPlace()
    const bytes = sampleDisk()
    await using server = await serve(readOnly(memoryExport(bytes)))
    await runToolOk('nbdcopy', [`--connections=${connections}`, uri(server), place.file('copy.raw')])
    expect(Buffer.compare(bytes, await readFile(place.file('copy.raw')))).toBe(0)
  })

  test('writes to an export that allows it', async () => {
    await using place = await tempPlace()
    const bytes = sampleDisk()
    const written = new Uint8Array(bytes.length)
    await writeFile(place.file('source.raw'), bytes)
    await using server = await serve(memoryExport(written))
    await runToolOk('nbdcopy', ['--flush', place.file('source.raw'), uri(server)])
    expect(Buffer.compare(written, bytes)).toBe(0)
  })

  test('fails when a read fails', async () => {
    await using place = await tempPlace()
    const bad = withErrors(memoryExport(sampleDisk()), ({ start }) =>
      start >= 10 * MiB ? new Error('bad') : null,
    )
    await using server = await serve(readOnly(bad))
    const outcome = await runTool('nbdcopy', [uri(server), place.file('copy.raw')])
    expect(outcome.exitCode).not.toBe(0)
    expect(outcome.stderr).toMatch(/Input\/output error/u)
  })
})

describe.skipIf(!requires('qemu-img', 'qemu-io'))('qemu', () => {
  test('converts, compares and maps', async () => {
    await using place = await tempPlace()
    const bytes = sampleDisk()
    await writeFile(place.file('source.raw'), bytes)
    await using server = await serve(readOnly(memoryExport(bytes)))
    await runToolOk('qemu-img', ['convert', '-O', 'qcow2', uri(server), place.file('copy.qcow2')])
    await runToolOk('qemu-img', ['compare', place.file('copy.qcow2'), place.file('source.raw')])
    await runToolOk('qemu-img', ['compare', '-f', 'raw', uri(server), place.file('source.raw')])
    const map: { start: number; length: number; data: boolean }[] = JSON.parse(
      await runToolOk('qemu-img', ['map', '--output=json', uri(server)]),
    )
    expect(map.map(({ start, length, data }) => [start, length, data ? 'data' : 'hole'])).toEqual(expectedMap)
  })

  test('may not write to a read-only export', async () => {
    await using server = await serve(readOnly(memoryExport(sampleDisk())))
    const outcome = await runTool('qemu-io', ['-f', 'raw', '-c', 'write 0 64k', uri(server)])
    expect(outcome.exitCode).not.toBe(0)
    expect(outcome.stderr).toMatch(/Permission denied/u)
  })

  test('writes and reads back where it may', async () => {
    const bytes = sampleDisk()
    await using server = await serve(memoryExport(bytes))
    const commands = [
      '-c',
      'write -P 171 1M 96k',
      '-c',
      'flush',
      '-c',
      'read -P 171 1M 96k',
      '-c',
      'read -P 0 2M 64k',
    ]
    const said = await runToolOk('qemu-io', ['-f', 'raw', ...commands, uri(server)])
    expect(said).not.toMatch(/failed|error/iu)
    expect([bytes[MiB], bytes[MiB + 96 * KiB - 1], bytes[MiB + 96 * KiB]]).toEqual([171, 171, 0])
  })
})
