import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRange } from '@varve/core/binary/byte-source'
import { DiskError } from '@varve/core/problems/disk-error'
import { connectNbd, listExports, nbdDisk } from './client.ts'
import type { NbdClient } from './client.ts'
import { memoryExport } from './exports/memory-export.ts'
import { clientFlags, greeting, optionHeader, optionReplyHeader } from './messages/handshake-messages.ts'
import { commands, magics, optionReplies } from './messages/numbers.ts'
import { encodeOption } from './messages/option-messages.ts'
import { requestHeader, simpleReply } from './messages/transmission-messages.ts'
import { utf8 } from './messages/wire-text.ts'
import type { NbdExport } from './nbd-export.ts'
import { serveNbd } from './server.ts'
import type { NbdServer, NbdServerEvent, ServeNbdOptions } from './server.ts'
import { connectRaw } from './testing/raw-peer.ts'
import type { RawPeer } from './testing/raw-peer.ts'
import { withDelay } from './wrappers/with-delay.ts'
import { withErrors } from './wrappers/with-errors.ts'
import { readOnly } from './wrappers/read-only.ts'

const KiB = 1024
const MiB = 1024 * KiB

async function serve(exported: NbdExport, options: Partial<ServeNbdOptions> = {}): Promise<NbdServer> {
  return serveNbd({
    host: '127.0.0.1',
    port: 0,
    resolveExport: async (name) => (name === 'disk' ? exported : null),
    ...options,
  })
}

async function connectTo(server: NbdServer, exportName = 'disk'): Promise<NbdClient> {
  return connectNbd({ host: server.address, port: server.port, exportName })
}

function recorder(): {
  readonly onEvent: (event: NbdServerEvent) => void
  closing(): Promise<string>
  readonly events: NbdServerEvent[]
} {
  const events: NbdServerEvent[] = []
  const closed = Promise.withResolvers<string>()
  return {
    events,
    onEvent: (event) => {
      events.push(event)
      if (event.kind === 'connection-closed') closed.resolve(event.reason)
    },
    closing: () => closed.promise,
  }
}

/** A handshake up to the transmission phase with simple replies. */
async function enter(server: NbdServer): Promise<RawPeer> {
  const peer = await connectRaw(server.port)
  await peer.take(greeting.size)
  peer.send(clientFlags.write({ flags: 3 }), encodeOption({ kind: 'export-name', name: 'disk' }))
  await peer.take(10)
  return peer
}

function request(type: number, offset: number, length: number): Uint8Array {
  return requestHeader.write({
    magic: magics.request,
    flags: 0,
    type,
    cookie: 42n,
    offset: BigInt(offset),
    length,
  })
}

async function errorOfReply(peer: RawPeer): Promise<number> {
  return simpleReply.read(await peer.take(simpleReply.size), 'test').error
}

describe('server and client', () => {
  test('any range of any disk reads as it is, and its extents are true', async () => {
    const bytes = new Uint8Array(300 * KiB)
    const exported = memoryExport(bytes)
    await using server = await serve(exported)
    await using client = await connectNbd({
      host: server.address,
      port: server.port,
      exportName: 'disk',
      requestSize: 16 * KiB,
    })
    const blocks = fc.array(fc.boolean(), { minLength: 75, maxLength: 75 })
    await fc.assert(
      fc.asyncProperty(blocks, fc.nat(bytes.length), fc.nat(bytes.length), async (filled, a, b) => {
        for (const [index, isFilled] of filled.entries()) {
          bytes.fill(isFilled ? index + 1 : 0, index * 4096, (index + 1) * 4096)
        }
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        const target = new Uint8Array(end - start).fill(0xee)
        await client.readInto(target, start)
        expect(Buffer.compare(target, bytes.subarray(start, end))).toBe(0)
        let at = start
        for await (const extent of nbdDisk(client).extents({ start, end })) {
          expect(extent.start).toBe(at)
          at += extent.length
          const part = bytes.subarray(extent.start, at)
          expect(extent.content).toBe(part.some((byte) => byte !== 0) ? 'data' : 'zero')
        }
        expect(at).toBe(end)
      }),
      { numRuns: 40 },
    )
  })

  test('more large reads at once than the memory of the server holds are all right', async () => {
    const bytes = new Uint8Array(24 * MiB)
    for (let at = 0; at < bytes.length; at += 4096) bytes.fill((at >> 12) % 250, at, at + 4096)
    await using server = await serve(memoryExport(bytes))
    const clients = await Promise.all(Array.from({ length: 4 }, () => connectTo(server)))
    const targets = await Promise.all(
      clients.map(async (client) => {
        const target = new Uint8Array(bytes.length)
        await client.readInto(target, 0)
        await client.close()
        return target
      }),
    )
    for (const target of targets) expect(Buffer.compare(target, bytes)).toBe(0)
  })

  test('an empty disk has no extents', async () => {
    await using server = await serve(memoryExport(new Uint8Array(0)))
    await using client = await connectTo(server)
    const extents: unknown[] = []
    for await (const extent of client.extents({ start: 0, end: 0 })) extents.push(extent)
    await client.readInto(new Uint8Array(0), 0)
    expect([client.size, extents]).toEqual([0, []])
  })

  test('lists only what its owner allows', async () => {
    const exported = memoryExport(new Uint8Array(1))
    await using open = await serve(exported, {
      listExports: async () => [{ name: 'disk', description: 'of web01' }],
    })
    await using shut = await serve(exported)
    expect(await listExports({ host: open.address, port: open.port })).toEqual([
      { name: 'disk', description: 'of web01' },
    ])
    await expect(listExports({ host: shut.address, port: shut.port })).rejects.toThrow(/not listed here/u)
  })

  test('a failing read reaches the client with its text, and the owner with its cause', async () => {
    const record = recorder()
    const error = new DiskError('corrupt', {
      file: 'web01.qcow2',
      structure: 'L2 table',
      reason: 'points nowhere',
    })
    const bad = withErrors(memoryExport(new Uint8Array(64 * KiB).fill(1)), ({ start }) =>
      start > 0 ? error : null,
    )
    await using server = await serve(bad, { onEvent: record.onEvent })
    await using client = await connectTo(server)
    await expect(client.readInto(new Uint8Array(512), 512)).rejects.toThrow(
      /EIO.*web01\.qcow2.*points nowhere/u,
    )
    await client.readInto(new Uint8Array(512), 0)
    expect(record.events).toContainEqual({ kind: 'request-failed', connection: 1, error })
  })

  test('an error that is not coded tells the client nothing', async () => {
    const bad = withErrors(memoryExport(new Uint8Array(4096).fill(1)), () => new Error('/root/secret'))
    await using server = await serve(bad)
    await using client = await connectTo(server)
    await expect(client.readInto(new Uint8Array(512), 0)).rejects.toThrow(/EIO \(input\/output error\)/u)
    await expect(client.readInto(new Uint8Array(512), 0)).rejects.not.toThrow(/secret/u)
  })

  test('close drops clients and waits for the reads under way', async () => {
    const record = recorder()
    const slow = withDelay(memoryExport(new Uint8Array(4096).fill(1)), 60_000)
    const server = await serve(slow, { onEvent: record.onEvent })
    const client = await connectTo(server)
    const reading = client.readInto(new Uint8Array(4096), 0)
    const failing = expect(reading).rejects.toMatchObject({ code: 'nbd-failed' })
    expect(server.connections).toBe(1)
    await server.close()
    await failing
    expect(server.connections).toBe(0)
    expect(record.events.at(-1)?.kind).toBe('connection-closed')
    await client.close()
  })

  test('no event names the export', async () => {
    const record = recorder()
    await using server = await serve(memoryExport(new Uint8Array(1)), { onEvent: record.onEvent })
    await connectTo(server, 'token-0123456789').catch(() => {})
    await record.closing()
    expect(JSON.stringify(record.events)).not.toContain('token')
  })
})

describe('the server against hostile clients', () => {
  const floods: readonly [string, (peer: RawPeer) => void, RegExp][] = [
    ['garbage', (peer) => peer.send(new Uint8Array(4096).fill(0x41)), /unknown client flags/u],
    [
      'a wrong option magic',
      (peer) => peer.send(clientFlags.write({ flags: 3 }), new Uint8Array(16)),
      /wrong magic/u,
    ],
    [
      'an option of 4 GiB',
      (peer) =>
        peer.send(
          clientFlags.write({ flags: 3 }),
          optionHeader.write({ magic: magics.option, option: 7, length: 0xffff_ffff }),
        ),
      /longer than 64 KiB/u,
    ],
    [
      'options without end',
      (peer) =>
        peer.send(
          clientFlags.write({ flags: 3 }),
          ...Array.from({ length: 300 }, () => encodeOption({ kind: 'structured-reply' })),
        ),
      /more than 256 options/u,
    ],
    [
      'half an option and good-bye',
      (peer) => void peer.socket.end(clientFlags.write({ flags: 3 })),
      /closed/u,
    ],
    ['silence', () => {}, /took too long/u],
    [
      'the old way to ask for an unknown export',
      (peer) =>
        peer.send(clientFlags.write({ flags: 3 }), encodeOption({ kind: 'export-name', name: 'nope' })),
      /unknown export/u,
    ],
  ]
  test.each(floods)('%s ends the handshake', async (_, flood, reason) => {
    const record = recorder()
    await using server = await serve(memoryExport(new Uint8Array(4096)), {
      onEvent: record.onEvent,
      handshakeTimeoutMs: 200,
    })
    const peer = await connectRaw(server.port)
    flood(peer)
    await peer.closed()
    expect(await record.closing()).toMatch(reason)
  })

  test('an unknown option is refused, and the handshake goes on', async () => {
    await using server = await serve(memoryExport(new Uint8Array(4096)))
    const peer = await connectRaw(server.port)
    await peer.take(greeting.size)
    peer.send(clientFlags.write({ flags: 3 }))
    peer.send(optionHeader.write({ magic: magics.option, option: 4711, length: 3 }), utf8('abc'))
    const reply = optionReplyHeader.read(await peer.take(optionReplyHeader.size), 'test')
    expect(reply).toMatchObject({ option: 4711, type: optionReplies.errUnsup })
    await peer.take(reply.length)
    peer.send(encodeOption({ kind: 'export-name', name: 'disk' }))
    expect((await peer.take(10))[6]).toBe(16)
    peer.socket.destroy()
  })

  test('bad requests get their error numbers, and the connection goes on', async () => {
    await using server = await serve(readOnly(memoryExport(new Uint8Array(64 * KiB))))
    const peer = await enter(server)
    peer.send(request(commands.read, 64 * KiB, 1))
    expect(await errorOfReply(peer)).toBe(22)
    peer.send(request(commands.write, 0, 100 * KiB), new Uint8Array(100 * KiB))
    expect(await errorOfReply(peer)).toBe(1)
    peer.send(request(commands.trim, 0, 512))
    expect(await errorOfReply(peer)).toBe(1)
    peer.send(request(99, 0, 512))
    expect(await errorOfReply(peer)).toBe(22)
    peer.send(request(commands.read, 0, 8))
    expect(await errorOfReply(peer)).toBe(0)
    expect(await peer.take(8)).toEqual(new Uint8Array(8))
    peer.socket.destroy()
  })

  test('a write of 4 GiB closes the connection', async () => {
    const record = recorder()
    await using server = await serve(memoryExport(new Uint8Array(4096)), { onEvent: record.onEvent })
    const peer = await enter(server)
    peer.send(request(commands.write, 0, 0xffff_ffff))
    expect(await record.closing()).toMatch(/more than 32 MiB/u)
  })

  test('a wrong request magic closes the connection', async () => {
    const record = recorder()
    await using server = await serve(memoryExport(new Uint8Array(4096)), { onEvent: record.onEvent })
    const peer = await enter(server)
    peer.send(new Uint8Array(28))
    expect(await record.closing()).toMatch(/wrong magic/u)
  })

  test('good-bye waits for the replies that are owed', async () => {
    await using server = await serve(withDelay(memoryExport(new Uint8Array(4096).fill(5)), 50))
    const peer = await enter(server)
    peer.send(request(commands.read, 0, 4), request(commands.disconnect, 0, 0))
    expect(await errorOfReply(peer)).toBe(0)
    expect(await peer.take(4)).toEqual(new Uint8Array(4).fill(5))
    await peer.closed()
  })

  test('requests beyond 16 wait until others are answered', async () => {
    let running = 0
    let most = 0
    const exported = memoryExport(new Uint8Array(64 * KiB).fill(1))
    const counted: NbdExport = {
      ...exported,
      async readInto(target, at, options) {
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setImmediate(resolve))
        await exported.readInto(target, at, options)
        running -= 1
      },
    }
    await using server = await serve(counted)
    const peer = await enter(server)
    peer.send(...Array.from({ length: 500 }, () => request(commands.read, 0, 512)))
    await peer.take(500 * (simpleReply.size + 512))
    expect(most).toBe(16)
    peer.socket.destroy()
  })

  test('a client that takes no replies is dropped', async () => {
    const record = recorder()
    await using server = await serve(memoryExport(new Uint8Array(32 * MiB).fill(1)), {
      onEvent: record.onEvent,
      stallTimeoutMs: 300,
    })
    const peer = await enter(server)
    peer.socket.pause()
    peer.send(...Array.from({ length: 16 }, () => request(commands.read, 0, 32 * MiB)))
    expect(await record.closing()).toMatch(/takes no replies/u)
  })

  test('a silent client is dropped', async () => {
    const record = recorder()
    await using server = await serve(memoryExport(new Uint8Array(1)), {
      onEvent: record.onEvent,
      idleTimeoutMs: 200,
    })
    await enter(server)
    expect(await record.closing()).toMatch(/silent for too long/u)
  })

  test('clients beyond the limit are turned away', async () => {
    await using server = await serve(memoryExport(new Uint8Array(1)), { maxConnections: 1 })
    const first = await enter(server)
    await expect(connectTo(server)).rejects.toMatchObject({ code: 'nbd-failed' })
    expect(server.connections).toBe(1)
    first.socket.destroy()
  })

  test('70 half-open sockets, renewed as they are closed, keep nobody out', async () => {
    const bytes = new Uint8Array(MiB).fill(7)
    await using server = await serve(memoryExport(bytes), {
      maxConnections: 64,
      halfOpen: { total: 40, perPeer: 20 },
      handshakeTimeoutMs: 500,
    })
    let isOver = false
    let renewed = 0
    const nag = async (words: Uint8Array): Promise<void> => {
      while (!isOver) {
        const peer = await connectRaw(server.port).catch(() => null)
        peer?.send(words)
        await peer?.closed()
        renewed += 1
        await sleep(1)
      }
    }
    const [nothing, little] = [new Uint8Array(), new Uint8Array(4)]
    const nags = Array.from({ length: 70 }, (_, index) => nag(index % 2 === 0 ? nothing : little))
    for (let round = 0; round < 10; round += 1) {
      await using client = await connectTo(server)
      expect(await readRange(client, { start: 0, end: MiB })).toEqual(bytes)
    }
    isOver = true
    await Promise.all(nags)
    expect(renewed).toBeGreaterThan(70)
  })

  test('who says least loses its place to a newcomer, and clients with an export keep theirs', async () => {
    await using server = await serve(memoryExport(new Uint8Array(1)), {
      maxConnections: 1,
      halfOpen: { total: 3, perPeer: 3 },
    })
    const client = await enter(server)
    const [spoke, silent, other] = [
      await connectRaw(server.port),
      await connectRaw(server.port),
      await connectRaw(server.port),
    ]
    spoke.send(clientFlags.write({ flags: 3 }), encodeOption({ kind: 'list' }))
    // Its option has arrived when it is answered.
    await spoke.take(greeting.size + optionReplyHeader.size)
    await connectRaw(server.port)
    await silent.closed()
    expect([client, spoke, other].map(({ socket }) => socket.destroyed)).toEqual([false, false, false])
  })
})
