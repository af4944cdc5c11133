import { once } from 'node:events'
import { connect as connectTls } from 'node:tls'
import { testAuthority } from '@varve/test-kit/certificates'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDiskError } from '@varve/core/problems/disk-error'
import { connectNbd } from './client.ts'
import { memoryExport } from './exports/memory-export.ts'
import {
  clientFlags,
  greeting,
  infoExport,
  optionHeader,
  optionReplyHeader,
} from './messages/handshake-messages.ts'
import { magics, optionReplies, optionTypes } from './messages/numbers.ts'
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

const authority = testAuthority('of the test')
const identity = authority.issue({ name: 'server', dns: ['localhost'], ips: ['127.0.0.1'] })
const ours = { ...authority.issue({ name: 'client' }), ca: authority.certificate }

/** What a client of TLS says first. */
async function clientHello(): Promise<Uint8Array> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>()
  await using server = await scriptedServer(async (peer) => {
    const head = await peer.take(5)
    resolve(joined(head, await peer.take((head[3] ?? 0) * 256 + (head[4] ?? 0))))
  })
  const socket = connectTls({ host: '127.0.0.1', port: server.port, ca: ours.ca })
  socket.on('error', () => {})
  const hello = await promise
  socket.destroy()
  return hello
}

/** What a server of TLS answers to it, to another client: it fits none but that one. */
async function serverFlight(): Promise<Uint8Array> {
  await using server = await serveNbd({
    host: '127.0.0.1',
    port: 0,
    resolveExport: async () => null,
    tls: { ...identity, ca: authority.certificate },
  })
  const peer = await connectRaw(server.port)
  peer.send(clientFlags.write({ flags: 3 }), encodeOption({ kind: 'starttls' }))
  await peer.take(greeting.size + optionReplyHeader.size)
  peer.send(await clientHello())
  return await peer.take(700)
}

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

  test('the server outlives any damaged beginning of TLS, and any damaged session inside', async () => {
    await using server = await serveNbd({
      host: '127.0.0.1',
      port: 0,
      resolveExport: async (name) => (name === 'disk' ? memoryExport(new Uint8Array(8192).fill(1)) : null),
      tls: { ...identity, ca: authority.certificate },
    })
    const beginning = joined(clientFlags.write({ flags: 3 }), encodeOption({ kind: 'starttls' }))
    const hello = await clientHello()
    await fc.assert(
      fc.asyncProperty(flips, fc.nat(hello.length), fc.boolean(), async (changes, length, isEarly) => {
        const peer = await connectRaw(server.port)
        if (isEarly) peer.send(flipped(joined(beginning, hello), changes))
        else {
          peer.send(beginning)
          await peer.take(greeting.size + optionReplyHeader.size)
          peer.send(flipped(hello, changes).subarray(0, length))
        }
        peer.socket.resume()
        peer.socket.end()
        await peer.closed()
      }),
      { numRuns: 100 },
    )
    await fc.assert(
      fc.asyncProperty(flips, fc.nat(session.length), async (changes, length) => {
        const peer = await connectRaw(server.port)
        peer.send(beginning)
        await peer.take(greeting.size + optionReplyHeader.size)
        peer.socket.removeAllListeners('data')
        const inside = connectTls({
          socket: peer.socket,
          ...ours,
          cert: ours.certificate,
          servername: 'localhost',
        })
        await once(inside, 'secureConnect')
        inside.on('error', () => {}).resume()
        inside.end(flipped(session.subarray(clientFlags.size), changes).subarray(0, length))
        await once(inside, 'close')
      }),
      { numRuns: 50 },
    )
    const place = { host: server.address, port: server.port }
    await using client = await connectNbd({ ...place, exportName: 'disk', tls: ours })
    const target = new Uint8Array(8192)
    await client.readInto(target, 0)
    expect([...new Set(target)]).toEqual([1])
    expect(server.connections).toBe(1)
  })

  test('the client ends every damaged beginning of TLS with a coded error, and says nothing in plain text', async () => {
    const flight = await serverFlight()
    const answers = joined(
      greeting.write({ magic: magics.server, style: magics.option, flags: 3 }),
      encodeOptionReply(optionTypes.starttls, optionReplies.ack),
    )
    await fc.assert(
      fc.asyncProperty(flips, flips, fc.nat(flight.length), async (inAnswers, inFlight, length) => {
        const said: Buffer[] = []
        await using server = await scriptedServer(async (peer) => {
          peer.socket.on('data', (chunk) => said.push(Buffer.from(chunk)))
          peer.send(flipped(answers, inAnswers.slice(0, 1)))
          await peer.take(clientFlags.size + optionHeader.size + 100)
          peer.socket.end(flipped(flight, inFlight).subarray(0, length))
        })
        const place = { host: '127.0.0.1', port: server.port, exportName: 'a secret name' }
        const outcome: unknown = await connectNbd({ ...place, tls: ours, connectTimeoutMs: 300 }).catch(
          (error: unknown) => error,
        )
        expect(isDiskError(outcome)).toBe(true)
        expect(Buffer.concat(said).includes('a secret name')).toBe(false)
      }),
      { numRuns: 100 },
    )
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
