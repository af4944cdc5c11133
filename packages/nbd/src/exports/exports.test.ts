import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { memorySource } from '@varve/core/binary/byte-source'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import { connectNbd, connectNbdOver, nbdDisk } from '../client.ts'
import type { NbdClient } from '../client.ts'
import { serveNbd } from '../server.ts'
import type { NbdServer } from '../server.ts'
import { describeNbdExport } from '../testing/nbd-export-contract.ts'
import { readOnly } from '../wrappers/read-only.ts'
import { withDelay } from '../wrappers/with-delay.ts'
import { withErrors } from '../wrappers/with-errors.ts'
import { diskExport } from './disk-export.ts'
import { memoryExport } from './memory-export.ts'

const nothingToClose = { async [Symbol.asyncDispose]() {} }

function memoryDisk(bytes: Uint8Array): DiskReader {
  const source = memorySource(bytes)
  return {
    name: source.name,
    virtualSize: source.size,
    extents: (range) => source.extents(range),
    readInto: (target, at) => source.readInto(target, at),
  }
}

describeNbdExport('memory', async (bytes) => ({ exported: memoryExport(bytes), bytes, ...nothingToClose }))
describeNbdExport('disk', async (bytes) => ({
  exported: diskExport(memoryDisk(bytes)),
  bytes,
  ...nothingToClose,
}))
describeNbdExport('wrapped', async (bytes) => ({
  exported: withDelay(
    withErrors(readOnly(memoryExport(bytes)), () => null),
    1,
  ),
  bytes,
  ...nothingToClose,
}))

const ways: readonly [string, (server: NbdServer) => Promise<NbdClient>][] = [
  ['over a socket', ({ address, port }) => connectNbd({ host: address, port, exportName: '' })],
  [
    'over a stream',
    ({ address, port }) =>
      connectNbdOver(connect({ host: address, port }), { name: 'tunnel', exportName: '' }),
  ],
]
for (const [way, connectTo] of ways) {
  describeNbdExport(`the export of another server ${way}`, async (bytes) => {
    const server = await serveNbd({
      host: '127.0.0.1',
      port: 0,
      resolveExport: async () => readOnly(memoryExport(bytes)),
    })
    const client = await connectTo(server)
    return {
      exported: diskExport(nbdDisk(client)),
      bytes,
      async [Symbol.asyncDispose]() {
        await client.close()
        await server.close()
      },
    }
  })
}

describe('writers', () => {
  test('memory takes writes', async () => {
    const bytes = new Uint8Array(16)
    const { writer } = memoryExport(bytes)
    await writer?.write(new Uint8Array([1, 2]), 14)
    await writer?.flush()
    expect([...bytes.subarray(13)]).toEqual([0, 1, 2])
  })

  test('a disk and what is read-only take none', () => {
    expect(diskExport(memoryDisk(new Uint8Array(1))).writer).toBeNull()
    expect(readOnly(memoryExport(new Uint8Array(1))).writer).toBeNull()
  })

  test('a delayed read that is canceled ends at once', async () => {
    const canceling = new AbortController()
    const slow = withDelay(memoryExport(new Uint8Array(1)), 3_600_000)
    const reading = slow.readInto(new Uint8Array(1), 0, { signal: canceling.signal })
    canceling.abort()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
  })
})
