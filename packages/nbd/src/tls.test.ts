import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { duplexPair } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  connect as connectTls,
  createServer as createTlsServer,
  type ConnectionOptions,
  type TLSSocket,
} from 'node:tls'
import { readRange } from '@varve/core/binary/byte-source'
import { testAuthority, type LeafOptions, type TestCertificate } from '@varve/test-kit/certificates'
import { describe, expect, test } from 'vitest'
import { connectNbd, connectNbdOver, listExports } from './client.ts'
import type { ClientTls, NbdClientOptions } from './client-options.ts'
import { BufferPool } from './connection/buffer-pool.ts'
import { memoryExport } from './exports/memory-export.ts'
import { greeting, optionReplyHeader } from './messages/handshake-messages.ts'
import { handshakeFlags, magics, optionReplies, optionTypes } from './messages/numbers.ts'
import { encodeOption, encodeOptionReply } from './messages/option-messages.ts'
import { joined, u32 } from './messages/wire-text.ts'
import { serveNbd, type NbdServer, type NbdServerEvent, type ServeNbdOptions } from './server.ts'
import { serveConnection } from './server-connection.ts'
import { TlsAcceptor } from './tls/accept-tls.ts'
import type { ServerTls } from './tls/tls-options.ts'
import { connectRaw, rawPeer, scriptedServer, type RawPeer } from './testing/raw-peer.ts'

const authority = testAuthority('the fleet')
const others = testAuthority('another fleet')
const anHourAgo = new Date(Date.now() - 3_600_000)
const server = authority.issue({ name: 'server', dns: ['localhost'], ips: ['127.0.0.1'], uses: ['server'] })
const north = leaf({ name: 'north', uris: ['varve://agent/north'] })
const south = leaf({ name: 'south', uris: ['varve://agent/south'] })
const bytes = new Uint8Array(9_000_000).map((_, index) => (index * 31) >> 3)

function leaf(options: LeafOptions): TestCertificate {
  return authority.issue({ uses: ['client'], ...options })
}

type Serving = NbdServer & { readonly events: readonly NbdServerEvent[]; readonly asked: readonly string[] }

async function serve(tls: Partial<ServerTls> = {}, rest: Partial<ServeNbdOptions> = {}): Promise<Serving> {
  const events: NbdServerEvent[] = []
  const asked: string[] = []
  const started = await serveNbd({
    host: '127.0.0.1',
    port: 0,
    async resolveExport(name) {
      asked.push(name)
      return name === 'disk' ? memoryExport(bytes) : null
    },
    listExports: async () => ['disk', 'other'].map((name) => ({ name, description: null })),
    onEvent: (event) => events.push(event),
    tls: { ...server, ca: authority.certificate, ...tls },
    ...rest,
  })
  return Object.assign(Object.create(started) as NbdServer, { events, asked })
}

function clientTls(own: TestCertificate | null = north, rest: Partial<ClientTls> = {}): ClientTls {
  return { ca: authority.certificate, ...own, ...rest }
}

async function open(
  { port }: { readonly port: number },
  tls: ClientTls | undefined,
  rest: Partial<NbdClientOptions> = {},
) {
  return connectNbd({ host: '127.0.0.1', port, exportName: 'disk', ...(tls && { tls }), ...rest })
}

function reasons({ events }: Serving): string[] {
  return events.flatMap((event) => (event.kind === 'connection-closed' ? event.reason : []))
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !isSo(); await sleep(5))
    if (performance.now() > end) throw new Error('it did not become so')
}

/** A client in plain text that has greeted. */
async function greeted(port: number): Promise<RawPeer> {
  const peer = await connectRaw(port)
  await peer.take(greeting.size)
  peer.send(u32(3))
  return peer
}

async function replyTo(peer: RawPeer, option: Uint8Array): Promise<number> {
  peer.send(option)
  const { type, length } = optionReplyHeader.read(await peer.take(optionReplyHeader.size), 'test')
  await peer.take(length)
  return type
}

/** The same inside TLS, as its client is told to speak it. */
async function secured(port: number, options: ConnectionOptions): Promise<{ peer: RawPeer; tls: TLSSocket }> {
  const plain = await greeted(port)
  expect(await replyTo(plain, encodeOption({ kind: 'starttls' }))).toBe(optionReplies.ack)
  plain.socket.removeAllListeners('data')
  const tls = connectTls({
    socket: plain.socket,
    ca: authority.certificate,
    cert: north.certificate,
    key: north.key,
    servername: 'localhost',
    ...options,
  })
  await once(tls, 'secureConnect')
  return { peer: rawPeer(tls), tls }
}

const go = encodeOption({ kind: 'go', name: 'disk', infos: [] })

describe('an export over TLS', () => {
  test('is read, mapped and listed, over several connections, and the export is named inside only', async () => {
    await using serving = await serve()
    const clients = await Promise.all([1, 2, 3].map(async () => open(serving, clientTls())))
    for (const client of clients) {
      expect(client.facts).toMatchObject({ canMultiConn: true, hasStructuredReplies: true })
      const found = await readRange(client, { start: 0, end: client.size })
      expect(Buffer.compare(found, bytes)).toBe(0)
      await client.close()
    }
    const place = { host: '127.0.0.1', port: serving.port }
    expect((await listExports({ ...place, tls: clientTls() })).map(({ name }) => name)).toEqual([
      'disk',
      'other',
    ])
    expect(serving.events.filter(({ kind }) => kind === 'peer-known')).toHaveLength(4)
  })

  test('is written', async () => {
    const written = new Uint8Array(3_000_000)
    await using serving = await serve({}, { resolveExport: async () => memoryExport(written) })
    await using client = await open(serving, clientTls())
    await client.write(bytes.subarray(0, written.length), 0)
    await client.flush()
    expect(Buffer.compare(written, bytes.subarray(0, written.length))).toBe(0)
  })

  test('is read over any stream, as of a tunnel', async () => {
    const [near, far] = duplexPair()
    const known: string[] = []
    const served = serveConnection(far, {
      resolveExport: async () => memoryExport(bytes),
      listExports: async () => null,
      pool: new BufferPool(64 * 2 ** 20),
      connection: 1,
      onEvent: () => {},
      handshakeTimeoutMs: 5000,
      idleTimeoutMs: 5000,
      stallTimeoutMs: 5000,
      tls: {
        acceptor: new TlsAcceptor({ ...server, ca: authority.certificate }),
        mayOpen: async () => true,
        onPeer: ({ subject }) => known.push(subject),
      },
    })
    const client = await connectNbdOver(near, {
      name: 'tunnel',
      exportName: 'disk',
      tls: clientTls(north, { peer: 'localhost' }),
    })
    const found = await readRange(client, { start: 0, end: client.size })
    expect(Buffer.compare(found, bytes)).toBe(0)
    expect(known).toEqual(['CN=north'])
    await client.close()
    await served
  })

  test('each connection shows its certificate: nothing is resumed', async () => {
    await using serving = await serve({ minVersion: 'TLSv1.2' })
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const first = await secured(serving.port, { maxVersion })
      const session = once(first.tls, 'session').then(([ticket]: Buffer[]) => ticket)
      expect(await replyTo(first.peer, encodeOption({ kind: 'list' }))).toBe(optionReplies.server)
      const kept = (await Promise.race([session, sleep(50)])) ?? first.tls.getSession()
      first.tls.destroy()
      const second = await secured(serving.port, { maxVersion, ...(kept && { session: kept }) })
      expect(await replyTo(second.peer, encodeOption({ kind: 'list' }))).toBe(optionReplies.server)
      expect(second.tls.isSessionReused()).toBe(false)
      second.tls.destroy()
    }
    expect(serving.events.filter(({ kind }) => kind === 'peer-known')).toHaveLength(4)
  })

  test('of TLS 1.2 only suites with forward secrecy and AEAD are taken, when it is asked for', async () => {
    await using serving = await serve({ minVersion: 'TLSv1.2' })
    const { tls } = await secured(serving.port, { maxVersion: 'TLSv1.2' })
    expect([tls.getProtocol(), tls.getCipher().name]).toEqual([
      'TLSv1.2',
      expect.stringMatching(/^ECDHE-.*(?:GCM|POLY1305)/u),
    ])
    tls.destroy()
    for (const ciphers of ['ECDHE-ECDSA-AES128-SHA256', 'AES128-GCM-SHA256', 'DHE-RSA-AES128-GCM-SHA256'])
      await expect(
        secured(serving.port, { maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` }),
      ).rejects.toMatchObject({ code: expect.stringMatching(/ALERT_HANDSHAKE_FAILURE/u) })
  })

  test('the clients of a certificate are dropped at once when it counts no more', async () => {
    await using serving = await serve()
    await using staying = await open(serving, clientTls(south))
    await using going = await open(serving, clientTls(north))
    const { raw } = new (await import('node:crypto')).X509Certificate(north.certificate)
    serving.dropPeers((peer) => peer.raw.equals(raw))
    await expect(going.readInto(new Uint8Array(10), 0)).rejects.toMatchObject({ code: 'nbd-failed' })
    await staying.readInto(new Uint8Array(10), 0)
  })
})

describe('who attacks a server of TLS', () => {
  const refusedClients: readonly [string, ClientTls, RegExp][] = [
    ['no certificate', clientTls(null), /wants a certificate|refuses/u],
    ['one of another authority', clientTls(others.issue({ name: 'north', uses: ['client'] })), /refuses/u],
    ['one that has expired', clientTls(leaf({ name: 'north', notAfter: anHourAgo })), /refuses|expired/u],
    [
      'one that is not valid yet',
      clientTls(leaf({ name: 'north', notBefore: new Date(Date.now() + 3_600_000) })),
      /refuses/u,
    ],
    ['one for servers', clientTls(server), /refuses/u],
    [
      'one of an authority that no authority has made',
      clientTls(testAuthority('the fleet').issue({ name: 'north', uses: ['client'] })),
      /refuses/u,
    ],
  ]
  test.each(refusedClients)('with %s opens nothing, and nothing is looked up', async (_, tls, reason) => {
    await using serving = await serve()
    await expect(open(serving, tls)).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:tls|nbd)-failed$/u),
      message: expect.stringMatching(reason),
      remedy: expect.stringMatching(/./u),
    })
    await until(() => serving.connections === 0)
    expect(serving.asked).toEqual([])
    expect(serving.events.map(({ kind }) => kind)).toEqual(['connection-opened', 'connection-closed'])
  })

  test('with a certificate that is revoked opens nothing, another does', async () => {
    await using serving = await serve({ crl: authority.revoke([north]) })
    await expect(open(serving, clientTls(north))).rejects.toThrow(/refuses/u)
    await using client = await open(serving, clientTls(south))
    await client.readInto(new Uint8Array(10), 0)
    await expect(open(serving, clientTls(south, { crl: authority.revoke([server]) }))).rejects.toMatchObject({
      code: 'tls-failed',
      message: expect.stringContaining('is revoked'),
    })
  })

  test('with the right authority but as the wrong peer is told so, and another export is still open to it', async () => {
    const pairs: (readonly [string, string])[] = []
    await using serving = await serve({
      peer(peer, name) {
        pairs.push([peer.subjectAltName ?? '', name])
        return peer.subjectAltName === 'URI:varve://agent/south' && name === 'disk'
      },
    })
    await expect(open(serving, clientTls(north))).rejects.toMatchObject({
      code: 'nbd-failed',
      message: expect.stringContaining('this certificate may not open that export'),
    })
    expect(serving.asked).toEqual([])
    expect(pairs).toContainEqual(['URI:varve://agent/north', 'disk'])
    await using client = await open(serving, clientTls(south))
    await client.readInto(new Uint8Array(10), 0)
    await expect(open(serving, clientTls(south), { exportName: 'nothing' })).rejects.toThrow(/may not open/u)
    const place = { host: '127.0.0.1', port: serving.port, tls: clientTls(south) }
    expect((await listExports(place)).map(({ name }) => name)).toEqual(['disk'])
  })

  test('as the wrong peer, by the old way that knows no refusal, is closed', async () => {
    await using serving = await serve({ peer: async () => false })
    const { peer } = await secured(serving.port, {})
    peer.send(encodeOption({ kind: 'export-name', name: 'disk' }))
    await peer.closed()
    expect(reasons(serving)).toEqual(['the client may not open that export'])
  })

  const options = ['list', 'structured-reply', 'info', 'go', 'set-meta-context', 'list-meta-context'] as const
  test.each(options)('in plain text gets TLS_REQD for %s', async (kind) => {
    await using serving = await serve()
    const peer = await greeted(serving.port)
    const about = { name: 'disk', infos: [], queries: [] }
    expect(await replyTo(peer, encodeOption({ kind, ...about }))).toBe(optionReplies.errTlsReqd)
    expect(await replyTo(peer, joined(encodeOption({ kind: 'list' }).subarray(0, 8), u32(77), u32(0)))).toBe(
      optionReplies.errTlsReqd,
    )
    expect(await replyTo(peer, encodeOption({ kind: 'abort' }))).toBe(optionReplies.ack)
    await peer.closed()
    expect(serving.asked).toEqual([])
  })

  test('in plain text by the old way is closed', async () => {
    await using serving = await serve()
    const peer = await greeted(serving.port)
    peer.send(encodeOption({ kind: 'export-name', name: 'disk' }))
    await peer.closed()
    expect(reasons(serving)).toEqual(['the client asked for an export without TLS'])
  })

  test('asks for TLS with data, or twice', async () => {
    await using serving = await serve()
    const peer = await greeted(serving.port)
    const malformed = joined(encodeOption({ kind: 'starttls' }).subarray(0, 12), u32(2), new Uint8Array(2))
    expect(await replyTo(peer, malformed)).toBe(optionReplies.errInvalid)
    peer.socket.destroy()
    const inside = await secured(serving.port, {})
    expect(await replyTo(inside.peer, encodeOption({ kind: 'starttls' }))).toBe(optionReplies.errInvalid)
    expect(await replyTo(inside.peer, encodeOption({ kind: 'structured-reply' }))).toBe(optionReplies.ack)
    inside.tls.destroy()
  })

  test('puts plain bytes behind the wish for TLS, which would count as said inside', async () => {
    await using serving = await serve()
    const peer = await greeted(serving.port)
    peer.send(joined(encodeOption({ kind: 'starttls' }), go))
    await peer.closed()
    expect(reasons(serving)).toEqual(['plain bytes came behind the wish for TLS'])
    const late = await greeted(serving.port)
    expect(await replyTo(late, encodeOption({ kind: 'starttls' }))).toBe(optionReplies.ack)
    late.send(go)
    await late.closed()
    expect(reasons(serving)[1]).toMatch(/^there is no TLS with the client/u)
    expect(serving.asked).toEqual([])
  })

  test('with TLS 1.2 is refused where it was not asked for', async () => {
    await using serving = await serve()
    await expect(secured(serving.port, { maxVersion: 'TLSv1.2' })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    })
  })

  test('stalls in the handshake of TLS, and gives up its place', async () => {
    await using serving = await serve({}, { handshakeTimeoutMs: 200 })
    const peer = await greeted(serving.port)
    expect(await replyTo(peer, encodeOption({ kind: 'starttls' }))).toBe(optionReplies.ack)
    const began = performance.now()
    await peer.closed()
    expect(performance.now() - began).toBeLessThan(2000)
    expect(reasons(serving)).toEqual(['the handshake took too long'])
    await using client = await open(serving, clientTls())
    await client.readInto(new Uint8Array(10), 0)
  })

  test('stalls a hundred times: places are bounded, and who has shown a certificate keeps his', async () => {
    await using serving = await serve({}, { halfOpen: { total: 8, perPeer: 8 } })
    const known = await secured(serving.port, {})
    for (let count = 0; count < 100; count += 1) {
      const peer = await greeted(serving.port)
      peer.send(encodeOption({ kind: 'starttls' }))
    }
    await until(() => serving.connections <= 8)
    expect(await replyTo(known.peer, encodeOption({ kind: 'structured-reply' }))).toBe(optionReplies.ack)
    await using client = await open(serving, clientTls())
    await client.readInto(new Uint8Array(10), 0)
    known.tls.destroy()
  })

  test('leaves in the middle of many handshakes at once, and the others are not taken for each other', async () => {
    const opened: string[] = []
    await using serving = await serve({
      peer(peer) {
        opened.push(peer.subject)
        return true
      },
    })
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        if (index % 3 === 0) {
          const peer = await greeted(serving.port)
          await replyTo(peer, encodeOption({ kind: 'starttls' }))
          peer.socket.destroy()
          return
        }
        const own = leaf({ name: `client ${index}` })
        await using client = await open(serving, clientTls(own))
        await client.readInto(new Uint8Array(10), 0)
      }),
    )
    expect(new Set(opened).size).toBe(20)
  })

  test('a server whose certificates do not fit does not start', async () => {
    await expect(serve({ key: north.key })).rejects.toThrow(/key/iu)
    await expect(serve({ ca: '' })).rejects.toThrow('the certificate of the authority is no PEM')
    await expect(serve({ ca: 'nonsense' })).rejects.toThrow(/no PEM/u)
    await expect(serve({ crl: 'nonsense' })).rejects.toThrow(/no PEM/u)
  })
})

describe('who attacks a client of TLS', () => {
  async function as(identity: TestCertificate, tls: Partial<ClientTls> = {}, host = '127.0.0.1') {
    const serving = await serve({ ...identity })
    const failed = await connectNbd({
      host,
      port: serving.port,
      exportName: 'disk',
      tls: clientTls(north, tls),
    }).then(
      async (client) => client.close(),
      (error: unknown) => error,
    )
    await until(() => serving.connections === 0)
    expect(serving.asked.length > 0).toBe(failed === undefined)
    await serving.close()
    return failed
  }
  const issued = (options: Partial<LeafOptions>) =>
    authority.issue({ name: 'server', ips: ['127.0.0.1'], uses: ['server'], ...options })

  const strangers: readonly [string, TestCertificate, RegExp][] = [
    [
      'of another authority',
      others.issue({ name: 'server', ips: ['127.0.0.1'], uses: ['server'] }),
      /no authority that is trusted/u,
    ],
    ['of another host', issued({ ips: ['127.0.0.2'] }), /of another one/u],
    ['that has expired', issued({ notAfter: anHourAgo }), /has expired/u],
    ['for clients', issued({ uses: ['client'] }), /not one for servers/u],
  ]
  test.each(strangers)('with a certificate %s is told nothing', async (_, identity, reason) => {
    expect(await as(identity)).toMatchObject({
      code: 'tls-failed',
      layer: 'L3',
      message: expect.stringMatching(reason),
      remedy: expect.stringMatching(/authority/u),
    })
  })

  test('the peer is a name, an address, or what a function says', async () => {
    const named = issued({ dns: ['disks.example'], ips: [], uris: ['varve://agent/south'] })
    expect(await as(named, { peer: 'disks.example' })).toBeUndefined()
    expect(await as(named, { peer: 'other.example' })).toMatchObject({ code: 'tls-failed' })
    expect(await as(named, { peer: '127.0.0.1' })).toMatchObject({ code: 'tls-failed' })
    expect(await as(server, {}, 'localhost')).toBeUndefined()
    const isSouth: ClientTls['peer'] = ({ subjectAltName }) =>
      subjectAltName?.includes('URI:varve://agent/south') === true
    expect(await as(named, { peer: isSouth })).toBeUndefined()
    expect(await as(server, { peer: isSouth })).toMatchObject({ code: 'tls-failed' })
    const throwing = () => {
      throw new Error('a fault of the caller')
    }
    expect(await as(server, { peer: throwing })).toMatchObject({ code: 'tls-failed' })
  })

  test('an authority that is missing is not replaced by those of the system', async () => {
    expect(await as(server, { ca: '' })).toMatchObject({
      code: 'tls-failed',
      message: expect.stringContaining('no PEM'),
    })
  })

  /** A server that a test plays up to its answer to STARTTLS; what the client says then is kept. */
  async function downgrading(answer: readonly Uint8Array[], flags: number = handshakeFlags.fixedNewstyle) {
    const said: Buffer[] = []
    const scripted = await scriptedServer(async (peer) => {
      peer.socket.on('data', (chunk) => said.push(Buffer.from(chunk)))
      peer.send(greeting.write({ magic: magics.server, style: magics.option, flags }))
      await peer.take(4)
      if (flags === 0) return
      await peer.take(16)
      peer.send(joined(...answer))
      await peer.closed()
    })
    const failed: unknown = await open(scripted, clientTls(), { connectTimeoutMs: 1000 }).catch(
      (error: unknown) => error,
    )
    await scripted[Symbol.asyncDispose]()
    return { failed, said: Buffer.concat(said).toString('latin1') }
  }
  const reply = (type: number, data?: Uint8Array) => [encodeOptionReply(optionTypes.starttls, type, data)]
  const plainAnswers: readonly [string, readonly Uint8Array[], number, RegExp][] = [
    ['says that it knows no TLS', reply(optionReplies.errUnsup), 1, /says no/u],
    ['says that it will not', reply(optionReplies.errPolicy), 1, /says no/u],
    ['is too old for options', [], 0, /too old/u],
    ['goes on in plain text', [...reply(optionReplies.ack), ...reply(optionReplies.ack)], 1, /plain bytes/u],
    [
      'answers another option',
      [encodeOptionReply(optionTypes['structured-reply'], optionReplies.ack)],
      1,
      /another option/u,
    ],
    ['answers neither yes nor no', reply(optionReplies.info), 1, /unknown type/u],
  ]
  test.each(plainAnswers)(
    '%s: the export is not named, and nothing is read',
    async (_, answer, flags, why) => {
      const { failed, said } = await downgrading(answer, flags)
      expect(failed).toMatchObject({
        code: expect.stringMatching(/^(?:tls|nbd)-failed$/u),
        message: expect.stringMatching(why),
        remedy: expect.stringMatching(/./u),
      })
      expect(said).not.toContain('disk')
      expect(said.length).toBeLessThanOrEqual(20)
    },
  )

  test('says yes and then nothing: the handshake has a time limit', async () => {
    const { failed } = await downgrading(reply(optionReplies.ack))
    expect(failed).toMatchObject({ code: 'nbd-failed', message: expect.stringContaining('within 1 seconds') })
  })

  test('knows TLS 1.2 only, which was not wished', async () => {
    const old = createTlsServer({ cert: server.certificate, key: server.key, maxVersion: 'TLSv1.2' })
    await using scripted = await scriptedServer(async (peer) => {
      peer.send(greeting.write({ magic: magics.server, style: magics.option, flags: 3 }))
      await peer.take(20)
      peer.socket.removeAllListeners('data')
      peer.send(...reply(optionReplies.ack))
      old.emit('connection', peer.socket)
    })
    await expect(open(scripted, clientTls())).rejects.toMatchObject({
      code: 'tls-failed',
      message: expect.stringContaining('does not speak TLS 1.3'),
    })
  })

  test('closes in the middle of the TLS handshake, as one that dies: worth another try', async () => {
    await using scripted = await scriptedServer(async (peer) => {
      peer.send(greeting.write({ magic: magics.server, style: magics.option, flags: 3 }))
      await peer.take(20)
      peer.send(...reply(optionReplies.ack))
      await peer.take(100)
      peer.socket.destroy()
    })
    await expect(open(scripted, clientTls())).rejects.toMatchObject({
      code: 'nbd-failed',
      message: expect.stringContaining('ended in the TLS handshake'),
    })
  })

  test('a plain client is told that TLS is due', async () => {
    await using serving = await serve()
    await expect(open(serving, undefined)).rejects.toMatchObject({
      code: 'tls-failed',
      remedy: expect.stringContaining('nbds://'),
    })
    await expect(listExports({ host: '127.0.0.1', port: serving.port })).rejects.toMatchObject({
      code: 'tls-failed',
    })
  })

  test('a client of TLS is told by a plain server that there is none', async () => {
    await using plain = await serveNbd({ host: '127.0.0.1', port: 0, resolveExport: async () => null })
    await expect(open(plain, clientTls())).rejects.toMatchObject({
      code: 'tls-failed',
      message: expect.stringContaining('TLS is not offered here'),
    })
  })

  test('is stopped by its signal in the middle of the TLS handshake', async () => {
    const stop = new AbortController()
    await using scripted = await scriptedServer(async (peer) => {
      peer.send(greeting.write({ magic: magics.server, style: magics.option, flags: 3 }))
      await peer.take(20)
      peer.send(...reply(optionReplies.ack))
      await peer.take(100)
      stop.abort(new Error('stopped'))
      await peer.closed()
    })
    await expect(open(scripted, clientTls(), { signal: stop.signal })).rejects.toThrow('stopped')
  })

  test('a server that is gone in the middle of reads fails them', async () => {
    const serving = await serve()
    await using client = await open(serving, clientTls())
    await client.readInto(new Uint8Array(10), 0)
    await serving.close()
    await expect(client.readInto(new Uint8Array(10), 0)).rejects.toMatchObject({ code: 'nbd-failed' })
    const socket = connectPlain({ host: '127.0.0.1', port: serving.port })
    await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
