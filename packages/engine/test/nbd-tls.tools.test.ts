import { memoryExport } from '@varve/nbd/exports/memory-export'
import { serveNbd } from '@varve/nbd/server'
import { urisOf } from '@varve/nbd/tls/peer-names'
import { testAuthority } from '@varve/test-kit/certificates'
import { tempPlace } from '@varve/test-kit/temp-place'
import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { digestDisk } from '../src/disks/digest-disk.ts'
import type { DiskInput, InputTls } from '../src/run/requests.ts'

const authority = testAuthority('the fleet')
const ca = authority.certificate
const south = authority.issue({ name: 'south', uris: ['varve://agent/south'] })
const north = authority.issue({ name: 'north', uris: ['varve://agent/north'] })

test('the export of another process is read over TLS by every thread, from the peer that was named, by the peer that may', async () => {
  await using place = await tempPlace()
  const bytes = new Uint8Array(40 * 2 ** 20).map((_, index) => (index * 11) >> 6)
  await writeFile(place.file('disk.raw'), bytes)
  const seen: string[] = []
  await using server = await serveNbd({
    host: '127.0.0.1',
    port: 0,
    resolveExport: async () => memoryExport(bytes),
    tls: {
      ...south,
      ca,
      peer(client, exportName) {
        seen.push(...urisOf(client))
        return urisOf(client).includes('varve://agent/north') && exportName === 'token'
      },
    },
  })
  const own = { kind: 'image', path: place.file('disk.raw'), roots: null, format: 'raw' } as const
  const input = (tls: InputTls | undefined, exportName = 'token'): DiskInput => ({
    kind: 'nbd',
    host: '127.0.0.1',
    port: server.port,
    exportName,
    tls,
  })
  const right = { ca, ...north, peer: { uri: 'varve://agent/south' } }
  const { digest } = await digestDisk(own)
  expect(await digestDisk(input(right))).toMatchObject({ digest })
  expect(new Set(seen)).toEqual(new Set(['varve://agent/north']))
  const wrong: readonly DiskInput[] = [
    input({ ...right, peer: { uri: 'varve://agent/west' } }),
    input({ ...right, peer: 'south.example' }),
    input({ ...right, ...south }),
    input({ ...right, ca: testAuthority('another').certificate }),
    input(right, 'another token'),
    input(undefined),
  ]
  for (const each of wrong)
    await expect(digestDisk(each)).rejects.toMatchObject({
      code: 'nbd-failed',
      message: expect.stringContaining('could not be opened there'),
    })
})
