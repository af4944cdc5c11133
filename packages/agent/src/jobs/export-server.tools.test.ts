import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { openInput } from '@varve/engine/run/open-input'
import { connectNbd, type NbdClient } from '@varve/nbd/client'
import { tempPlace } from '@varve/test-kit/temp-place'
import { issueCertificate, makeRequest, makeRoot } from '@varve/trust/certificates'
import { expect, test } from 'vitest'
import { silentLogger } from '../platform/logger.ts'
import type { KeptMembership } from '../trust/membership-file.ts'
import { exportServer } from './export-server.ts'
import { ExportTable } from './export-table.ts'

const fleet = 'ab'.repeat(16)
const exportName = 'a-name-that-nobody-guesses'

/** Hosts of one fleet, each with a certificate of its own. */
async function membersOf(names: readonly string[]): Promise<KeptMembership[]> {
  const root = await makeRoot({ fleet, generation: 1, now: new Date() })
  return await Promise.all(
    names.map(async (name) => {
      const { key, request } = await makeRequest()
      const member = { fleet, kind: 'agent', name } as const
      const issued = await issueCertificate({ root, request, member, now: new Date(), validMs: 3_600_000 })
      return {
        version: 1,
        fleet,
        name,
        key,
        chain: issued.chain,
        roots: [root.certificate],
        controller: 'wss://127.0.0.1:1/trpc',
        notAfter: issued.notAfter.toISOString(),
        issuedAt: new Date().toISOString(),
      } as const
    }),
  )
}

test('who is barred is dropped at once and let in no more; the others stay', async () => {
  await using place = await tempPlace()
  const path = place.file('disk.raw')
  await writeFile(path, Buffer.alloc(65_536, 7))
  const [north, south, again] = await membersOf(['north', 'south', 'south'])
  if (!north || !south || !again) throw new Error('no members')
  const exports = new ExportTable()
  const server = exportServer('127.0.0.1', { exports, membership: () => north, log: silentLogger })
  const opened = await openInput({ kind: 'image', path, roots: [place.path], format: 'raw' }, { io: 'async' })
  await exports.add({ exportName, path, reader: 'south', expiresInSeconds: 600, opened })
  const { host, port } = await server.listen()
  const open = async ({ chain, key, roots }: KeptMembership) =>
    connectNbd({
      host,
      port,
      exportName,
      tls: { ca: roots.join('\n'), certificate: chain, key, peer: () => true },
    })
  const firstByte = async (client: NbdClient) => {
    const bytes = new Uint8Array(512)
    await client.readInto(bytes, 0)
    return bytes[0]
  }
  await using stays = await open(again)
  await using goes = await open(south)
  expect(await firstByte(goes)).toBe(7)
  server.bar([new X509Certificate(south.chain).serialNumber])
  await expect(firstByte(goes)).rejects.toMatchObject({ code: 'nbd-failed' })
  await expect(open(south)).rejects.toMatchObject({ code: 'nbd-failed' })
  expect(await firstByte(stays)).toBe(7)
  server.bar([])
  await using back = await open(south)
  expect(await firstByte(back)).toBe(7)
  await exports.closeAll()
  await server.close()
})
