import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { readRange } from '@varve/core/binary/byte-source'
import { isDiskError } from '@varve/core/problems/disk-error'
import { connectNbd, listExports, nbdDisk } from './client.ts'
import type { NbdClient, NbdClientOptions } from './client.ts'
import { clientFlags, greeting, infoExport, optionHeader } from './messages/handshake-messages.ts'
import { chunkTypes, infoTypes, magics, optionReplies, optionTypes } from './messages/numbers.ts'
import { encodeOptionReply } from './messages/option-messages.ts'
import {
  chunkHeader,
  offsetData,
  offsetHole,
  requestHeader,
  simpleReply,
} from './messages/transmission-messages.ts'
import type { RequestHeader } from './messages/transmission-messages.ts'
import { joined, u32, utf8 } from './messages/wire-text.ts'
import { scriptedServer } from './testing/raw-peer.ts'
import type { RawPeer } from './testing/raw-peer.ts'

const size = 1024 * 1024
const secret = 'token-0123456789'

function greet(peer: RawPeer): void {
  peer.send(greeting.write({ magic: magics.server, style: magics.option, flags: 3 }))
}

interface Abilities {
  readonly structured?: boolean
  readonly allocation?: boolean
}

/** A handshake as a decent server does it. */
async function shakeHands(
  peer: RawPeer,
  { structured = true, allocation = true }: Abilities = {},
): Promise<void> {
  greet(peer)
  await peer.take(clientFlags.size)
  for (;;) {
    const { option, length } = optionHeader.read(await peer.take(optionHeader.size), 'test')
    await peer.take(length)
    const answer = (type: number, data?: Uint8Array): void => peer.send(encodeOptionReply(option, type, data))
    if (option === optionTypes['structured-reply']) {
      answer(structured ? optionReplies.ack : optionReplies.errUnsup)
    } else if (option === optionTypes['set-meta-context']) {
      if (allocation) answer(optionReplies.metaContext, joined(u32(5), utf8('base:allocation')))
      answer(optionReplies.ack)
    } else {
      answer(optionReplies.info, infoExport.write({ type: infoTypes.export, size, flags: 3 }))
      answer(optionReplies.ack)
      return
    }
  }
}

async function nextRequest(peer: RawPeer): Promise<RequestHeader> {
  return requestHeader.read(await peer.take(requestHeader.size), 'test')
}

function chunk(cookie: bigint, type: number, payload: Uint8Array, flags = 1): Uint8Array {
  const header = chunkHeader.write({
    magic: magics.structuredReply,
    flags,
    type,
    cookie,
    length: payload.length,
  })
  return joined(header, payload)
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

function data(offset: number, bytes: Uint8Array): Uint8Array {
  return joined(offsetData.write({ offset }), bytes)
}

async function connectTo(port: number, options: Partial<NbdClientOptions> = {}): Promise<NbdClient> {
  return connectNbd({ host: '127.0.0.1', port, exportName: secret, ...options })
}

async function failureOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const outcome = await work.then(
    () => null,
    (error: unknown) => error,
  )
  if (!isDiskError(outcome)) throw new Error(`expected a coded error, got ${String(outcome)}`)
  return outcome
}

describe('the client against hostile servers, in the handshake', () => {
  const scripts: readonly [string, (peer: RawPeer) => Promise<void>, RegExp][] = [
    [
      'garbage instead of a greeting',
      async (peer) => peer.send(new Uint8Array(4096).fill(0x41)),
      /wrong magic/u,
    ],
    [
      'a web server',
      async (peer) => peer.send(utf8('HTTP/1.1 400 Bad Request\r\n\r\n')),
      /not an NBD server/u,
    ],
    ['half a greeting', async (peer) => void peer.socket.end(utf8('NBDMAGIC')), /closed the connection/u],
    ['nothing but good-bye', async (peer) => void peer.socket.end(), /closed the connection/u],
    ['silence', async (peer) => peer.closed(), /did not answer within 0\.2 seconds/u],
    [
      'an option reply of 4 GiB',
      async (peer) => {
        greet(peer)
        const header = encodeOptionReply(8, 1)
        new DataView(header.buffer).setUint32(16, 0xffff_ffff)
        peer.send(header)
        await peer.closed()
      },
      /longer than 65536 bytes/u,
    ],
    [
      'an export of 2^63 bytes',
      async (peer) => {
        greet(peer)
        peer.send(encodeOptionReply(8, optionReplies.errUnsup))
        const info = infoExport.write({ type: 0, size: 0, flags: 1 })
        info[2] = 0x80
        peer.send(encodeOptionReply(7, optionReplies.info, info))
        await peer.closed()
      },
      /limit/u,
    ],
    [
      'a refusal that repeats the secret',
      async (peer) => {
        greet(peer)
        peer.send(encodeOptionReply(8, optionReplies.errUnsup))
        peer.send(encodeOptionReply(7, optionReplies.errUnknown, utf8(`nothing called ${secret} here`)))
        await peer.closed()
      },
      /nothing called \(export\) here/u,
    ],
  ]
  test.each(scripts)('%s', async (_, script, message) => {
    await using server = await scriptedServer(script)
    const failure = await failureOf(connectTo(server.port, { connectTimeoutMs: 200 }))
    expect(failure.code).toBe('nbd-failed')
    expect(failure.message).toMatch(message)
    expect(failure.message).not.toContain(secret)
  })

  test('an endless handshake ends', async () => {
    await using server = await scriptedServer(async (peer) => {
      greet(peer)
      peer.send(encodeOptionReply(8, optionReplies.errUnsup))
      const info = encodeOptionReply(7, optionReplies.info, new Uint8Array([0, 9]))
      while (!peer.socket.destroyed) {
        peer.send(...Array.from({ length: 100 }, () => info))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    const failure = await failureOf(connectTo(server.port))
    expect(failure.message).toMatch(/more than 20000 option replies/u)
  })

  test('nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const failure = await failureOf(connectTo(port))
    expect(failure).toMatchObject({ code: 'nbd-failed', message: expect.stringMatching(/ECONNREFUSED/u) })
  })

  test('who cancels gets the reason', async () => {
    await using server = await scriptedServer((peer) => peer.closed())
    const canceling = new AbortController()
    const connecting = connectTo(server.port, { signal: canceling.signal })
    canceling.abort(new Error('changed my mind'))
    await expect(connecting).rejects.toThrow('changed my mind')
  })

  test('a server that refuses to list says why', async () => {
    await using server = await scriptedServer(async (peer) => {
      greet(peer)
      peer.send(encodeOptionReply(optionTypes.list, optionReplies.errPolicy, utf8('not for you')))
      await peer.closed()
    })
    const failure = await failureOf(listExports({ host: '127.0.0.1', port: server.port }))
    expect(failure.message).toMatch(/refused: not for you/u)
  })
})

type Answer = (request: RequestHeader) => readonly Uint8Array[]

/** Reads 4096 bytes at 8192 from a server that answers the request with `answer`. */
async function readFrom(
  answer: Answer,
  abilities: Abilities = {},
): Promise<{ code: string; message: string }> {
  await using server = await scriptedServer(async (peer) => {
    await shakeHands(peer, abilities)
    peer.send(...answer(await nextRequest(peer)))
    await peer.closed()
  })
  await using client = await connectTo(server.port, { noProgressMs: 300 })
  return await failureOf(client.readInto(new Uint8Array(4096), 8192))
}

describe('the client against hostile servers, in the transmission', () => {
  const full = new Uint8Array(4096)
  const { offsetData: dataType, offsetHole: holeType, none, error, blockStatus } = chunkTypes
  const answers: readonly [string, Answer, RegExp][] = [
    ['a wrong magic number', () => [new Uint8Array(64)], /wrong magic/u],
    ['an unknown cookie', () => [chunk(99n, dataType, data(8192, full))], /nobody made/u],
    [
      'data before the request',
      ({ cookie }) => [chunk(cookie, dataType, data(8191, full))],
      /outside the request/u,
    ],
    [
      'more than was asked',
      ({ cookie }) => [chunk(cookie, dataType, data(8192, new Uint8Array(4097)))],
      /outside the request/u,
    ],
    [
      'the same bytes twice',
      ({ cookie }) => [
        chunk(cookie, dataType, data(8192, full), 0),
        chunk(cookie, dataType, data(8192, full)),
      ],
      /same bytes twice/u,
    ],
    [
      'less than was asked',
      ({ cookie }) => [chunk(cookie, dataType, data(8192, full.subarray(1)))],
      /before all of it/u,
    ],
    ['no data at all', ({ cookie }) => [chunk(cookie, none, new Uint8Array(0))], /before all of it/u],
    [
      'a chunk without data',
      ({ cookie }) => [chunk(cookie, dataType, data(8192, new Uint8Array(0)))],
      /without data/u,
    ],
    [
      'a hole past the request',
      ({ cookie }) => [chunk(cookie, holeType, offsetHole.write({ offset: 8192, length: 0xffff_ffff }))],
      /outside the request/u,
    ],
    [
      'a hole chunk of wrong length',
      ({ cookie }) => [chunk(cookie, holeType, new Uint8Array(11))],
      /wrong length/u,
    ],
    [
      'a block status',
      ({ cookie }) => [chunk(cookie, blockStatus, new Uint8Array(12))],
      /in the answer to a read/u,
    ],
    [
      'an error of 1 MiB',
      ({ cookie }) => [chunk(cookie, error, new Uint8Array(1024 * 1024))],
      /wrong length/u,
    ],
    [
      'an error without a number',
      ({ cookie }) => [chunk(cookie, error, new Uint8Array(6))],
      /malformed error/u,
    ],
    [
      'an error whose text is missing',
      ({ cookie }) => [chunk(cookie, error, new Uint8Array([0, 0, 0, 5, 0, 9]))],
      /malformed error/u,
    ],
    [
      'errors without end',
      ({ cookie }) =>
        Array.from({ length: 40 }, () => chunk(cookie, error, new Uint8Array([0, 0, 0, 5, 0, 0]), 0)),
      /endless/u,
    ],
    [
      'a simple reply',
      ({ cookie }) => [simpleReply.write({ magic: magics.simpleReply, error: 0, cookie })],
      /structured one is due/u,
    ],
  ]
  test.each(answers)('%s', async (_, answer, message) => {
    const failure = await readFrom(answer)
    expect(failure.code).toBe('nbd-failed')
    expect(failure.message).toMatch(message)
  })

  test('a structured reply that was not agreed on', async () => {
    const failure = await readFrom(({ cookie }) => [chunk(cookie, dataType, data(8192, full))], {
      structured: false,
    })
    expect(failure.message).toMatch(/not agreed on/u)
  })

  test('an error keeps the text of the server', async () => {
    const text = utf8('bad sector')
    const failure = await readFrom(({ cookie }) => [
      chunk(cookie, error, joined(new Uint8Array([0, 0, 0, 5, 0, text.length]), text)),
    ])
    expect(failure.message).toMatch(/reading 4096 bytes at 8192: the server answered EIO .*: bad sector/u)
  })

  test('silence is a lack of progress', async () => {
    const failure = await readFrom(() => [])
    expect(failure.code).toBe('no-progress')
  })

  test('half a reply and silence is one too', async () => {
    const failure = await readFrom(({ cookie }) => [
      chunk(cookie, dataType, data(8192, full)).subarray(0, 1000),
    ])
    expect(failure.code).toBe('no-progress')
  })

  test('a server that vanishes fails all reads under way and all that follow', async () => {
    await using server = await scriptedServer(async (peer) => {
      await shakeHands(peer)
      const { cookie } = await nextRequest(peer)
      peer.socket.end(chunk(cookie, dataType, data(0, full)).subarray(0, 1000))
    })
    await using client = await connectTo(server.port)
    const reads = [0, 4096, 8192].map((at) => failureOf(client.readInto(new Uint8Array(4096), at)))
    for (const { code } of await Promise.all(reads)) expect(code).toBe('nbd-failed')
    expect((await failureOf(client.readInto(new Uint8Array(1), 0))).code).toBe('nbd-failed')
  })

  test.each([0, 1, 2, 3, 4, 5])(
    'reads beyond the window settle too when the server goes after %i replies',
    async (replies) => {
      await using server = await scriptedServer(async (peer) => {
        await shakeHands(peer)
        for (let count = 0; count < replies; count += 1) {
          const { cookie, offset } = await nextRequest(peer)
          peer.send(chunk(cookie, dataType, data(Number(offset), full)))
        }
        peer.socket.end()
      })
      await using client = await connectTo(server.port, { inFlight: 2 })
      const reads = Array.from({ length: 40 }, (_, index) =>
        client.readInto(new Uint8Array(4096), index * 4096),
      )
      const outcomes = await Promise.allSettled(reads)
      expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(replies)
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'nbd-failed' })
      }
    },
  )

  test('one refused read leaves the connection good', async () => {
    await using server = await scriptedServer(async (peer) => {
      await shakeHands(peer, { structured: false })
      const first = await nextRequest(peer)
      peer.send(simpleReply.write({ magic: magics.simpleReply, error: 5, cookie: first.cookie }))
      const second = await nextRequest(peer)
      peer.send(
        simpleReply.write({ magic: magics.simpleReply, error: 0, cookie: second.cookie }),
        full.fill(7),
      )
      await peer.closed()
    })
    await using client = await connectTo(server.port)
    expect((await failureOf(client.readInto(new Uint8Array(4096), 0))).message).toMatch(/EIO/u)
    expect(await readRange(client, { start: 0, end: 4096 })).toEqual(new Uint8Array(4096).fill(7))
  })

  test('replies in any order and in pieces find their place', async () => {
    await using server = await scriptedServer(async (peer) => {
      await shakeHands(peer)
      const a = await nextRequest(peer)
      const b = await nextRequest(peer)
      peer.send(
        chunk(b.cookie, holeType, offsetHole.write({ offset: Number(b.offset) + 1000, length: 3096 }), 0),
        chunk(a.cookie, dataType, data(Number(a.offset), new Uint8Array(4096).fill(1))),
        chunk(b.cookie, dataType, data(Number(b.offset), new Uint8Array(1000).fill(2))),
      )
      await peer.closed()
    })
    await using client = await connectTo(server.port, { requestSize: 4096 })
    const target = new Uint8Array(8192).fill(9)
    await client.readInto(target, 0)
    expect([...new Set(target.subarray(0, 4096))]).toEqual([1])
    expect([...new Set(target.subarray(4096, 5096))]).toEqual([2])
    expect([...new Set(target.subarray(5096))]).toEqual([0])
  })

  test('a canceled read throws its reason, leaves the memory alone, and the connection good', async () => {
    const arrived = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    await using server = await scriptedServer(async (peer) => {
      await shakeHands(peer)
      const first = await nextRequest(peer)
      arrived.resolve()
      await released.promise
      peer.send(chunk(first.cookie, dataType, data(0, new Uint8Array(4096).fill(1))))
      const second = await nextRequest(peer)
      peer.send(chunk(second.cookie, dataType, data(0, new Uint8Array(4096).fill(2))))
      await peer.closed()
    })
    await using client = await connectTo(server.port)
    const canceling = new AbortController()
    const target = new Uint8Array(4096)
    const reading = client.readInto(target, 0, { signal: canceling.signal })
    await arrived.promise
    canceling.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
    released.resolve()
    expect((await readRange(client, { start: 0, end: 4096 }))[0]).toBe(2)
    expect(target[0]).toBe(0)
  })
})

describe('extents from hostile servers', () => {
  async function extentsFrom(answer: Answer, abilities: Abilities = {}): Promise<unknown[]> {
    await using server = await scriptedServer(async (peer) => {
      await shakeHands(peer, abilities)
      for (;;) peer.send(...answer(await nextRequest(peer)))
    })
    await using client = await connectTo(server.port)
    return await collect(nbdDisk(client).extents({ start: 100, end: 10_000 }))
  }

  function status(cookie: bigint, ...blocks: readonly number[]): Uint8Array {
    return chunk(cookie, chunkTypes.blockStatus, joined(u32(5), ...blocks.map(u32)))
  }

  test('are asked for until the range is covered, and merged', async () => {
    const extents = await extentsFrom(({ cookie, offset }) => [status(cookie, 1000, offset < 4000n ? 3 : 0)])
    expect(extents).toEqual([
      { start: 100, length: 4000, content: 'zero' },
      { start: 4100, length: 5900, content: 'data' },
    ])
  })

  test('are one extent of data when the server does not tell', async () => {
    expect(await extentsFrom(() => [], { allocation: false })).toEqual([
      { start: 100, length: 9900, content: 'data' },
    ])
  })

  const broken: readonly [string, Answer][] = [
    ['an empty block', ({ cookie }) => [status(cookie, 0, 0)]],
    ['no block', ({ cookie }) => [status(cookie)]],
    ['no chunk', ({ cookie }) => [chunk(cookie, chunkTypes.none, new Uint8Array(0))]],
    [
      'two chunks',
      ({ cookie }) => [
        chunk(cookie, chunkTypes.blockStatus, joined(u32(5), u32(10), u32(0)), 0),
        status(cookie, 1, 0),
      ],
    ],
    [
      '64 MiB of blocks',
      ({ cookie }) => [
        chunkHeader.write({ magic: magics.structuredReply, flags: 1, type: 5, cookie, length: 1 << 26 }),
      ],
    ],
  ]
  test.each(broken)('%s breaks the connection', async (_, answer) => {
    const failure = await failureOf(extentsFrom(answer))
    expect(failure.code).toBe('nbd-failed')
  })

  test('past the end are out of range before the server is asked', async () => {
    await using server = await scriptedServer((peer) => shakeHands(peer))
    await using client = await connectTo(server.port)
    expect((await failureOf(client.readInto(new Uint8Array(2), size - 1))).code).toBe('out-of-range')
    expect((await failureOf(collect(client.extents({ start: 0, end: size + 1 })))).code).toBe('out-of-range')
  })
})
