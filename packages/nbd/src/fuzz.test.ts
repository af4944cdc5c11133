import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDiskError } from '@varve/core/problems/disk-error'
import { connectNbd } from './client.ts'
import { memoryExport } from './exports/memory-export.ts'
import { clientFlags, greeting, infoExport, optionHeader } from './messages/handshake-messages.ts'
import { magics, optionReplies } from './messages/numbers.ts'
import { encodeOption, encodeOptionReply } from './messages/option-messages.ts'
import { chunkHeader, requestHeader } from './messages/transmission-messages.ts'
import { joined, u32, utf8 } from './messages/wire-text.ts'
import { serveNbd } from './server.ts'
import { connectRaw, scriptedServer } from './testing/raw-peer.ts'

const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 })

function flipped(bytes: Uint8Array, changes: readonly (readonly [at: number, value: number])[]): Uint8Array {
  const changed = bytes.slice()
  for (const [at, value] of changes) changed[at % changed.length] = value
  return changed
}

/** A whole session of a client: handshake, reads, block status, good-bye. */
const session = joined(
  clientFlags.write({ flags: 3 }),
  encodeOption({ kind: 'structured-reply' }),
  encodeOption({ kind: 'set-meta-context', name: 'disk', queries: ['base:allocation'] }),
  encodeOption({ kind: 'go', name: 'disk', infos: [3] }),
  ...[0, 7, 1, 2].map((type) =>
    requestHeader.write({ magic: magics.request, flags: 0, type, cookie: 1n, offset: 0n, length: 64 }),
  ),
)

describe('damaged streams', () => {
  test('the server outlives any damaged session', async () => {
    await using server = await serveNbd({
      host: '127.0.0.1',
      port: 0,
      resolveExport: async (name) => (name === 'disk' ? memoryExport(new Uint8Array(8192).fill(1)) : null),
    })
    await fc.assert(
      fc.asyncProperty(flips, fc.nat(session.length), async (changes, length) => {
        const peer = await connectRaw(server.port)
        peer.socket.resume()
        peer.socket.end(flipped(session, changes).subarray(0, length))
        await peer.closed()
      }),
      { numRuns: 150 },
    )
    await using client = await connectNbd({ host: server.address, port: server.port, exportName: 'disk' })
    const target = new Uint8Array(8192)
    await client.readInto(target, 0)
    expect([...new Set(target)]).toEqual([1])
  })

  test('the client ends every damaged answer with the bytes or a coded error', async () => {
    const reply = (option: number, type: number, data?: Uint8Array): Uint8Array =>
      encodeOptionReply(option, type, data)
    const answers = joined(
      greeting.write({ magic: magics.server, style: magics.option, flags: 3 }),
      reply(8, optionReplies.ack),
      reply(10, optionReplies.metaContext, joined(u32(1), utf8('base:allocation'))),
      reply(10, optionReplies.ack),
      reply(7, optionReplies.info, infoExport.write({ type: 0, size: 64, flags: 3 })),
      reply(7, optionReplies.ack),
    )
    const header = { magic: magics.structuredReply, flags: 1, type: 1, cookie: 1n, length: 72 }
    const data = joined(chunkHeader.write(header), new Uint8Array(8), new Uint8Array(64).fill(3))
    await fc.assert(
      fc.asyncProperty(flips, flips, fc.nat(40), async (inHandshake, inData, cut) => {
        await using server = await scriptedServer(async (peer) => {
          peer.send(flipped(answers, inHandshake.slice(0, 1)))
          await peer.take(clientFlags.size)
          for (let asked = 0; asked !== 7;) {
            const { option, length } = optionHeader.read(await peer.take(optionHeader.size), 'test')
            await peer.take(length)
            asked = option
          }
          await peer.take(requestHeader.size)
          peer.socket.end(flipped(data, inData).subarray(0, data.length - (cut > 20 ? cut : 0)))
        })
        const place = { host: '127.0.0.1', port: server.port, exportName: 'disk' }
        const outcome = await (async () => {
          await using client = await connectNbd({ ...place, connectTimeoutMs: 300, noProgressMs: 300 })
          const target = new Uint8Array(64)
          await client.readInto(target, 0)
          return target
        })().catch((error: unknown) => error)
        expect(outcome instanceof Uint8Array || isDiskError(outcome)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})
