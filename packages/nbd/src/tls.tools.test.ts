import { connect as connectNet, createServer } from 'node:net'
import { readFile, writeFile } from 'node:fs/promises'
import { readRange } from '@varve/core/binary/byte-source'
import { testAuthority, writeCertificateFolder } from '@varve/test-kit/certificates'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { connectNbd, listExports } from './client.ts'
import type { ClientTls } from './client-options.ts'
import { memoryExport } from './exports/memory-export.ts'
import { greeting, optionReplyHeader } from './messages/handshake-messages.ts'
import { encodeOption } from './messages/option-messages.ts'
import { joined, u32 } from './messages/wire-text.ts'
import { serveNbd, type NbdServer } from './server.ts'
import { startToolServer } from './testing/tool-server.ts'
import type { ServerTls } from './tls/tls-options.ts'

const MiB = 2 ** 20
const authority = testAuthority('the authority')
const others = testAuthority('another authority')
const server = authority.issue({ name: 'server', dns: ['localhost'], ips: ['127.0.0.1'], uses: ['server'] })
const client = authority.issue({ name: 'client', uses: ['client'] })
const stranger = others.issue({ name: 'client', uses: ['client'] })
const expired = authority.issue({
  name: 'client',
  uses: ['client'],
  notAfter: new Date(Date.now() - 3_600_000),
})
const ca = authority.certificate

function sampleDisk(): Uint8Array {
  const bytes = new Uint8Array(24 * MiB)
  bytes.fill(3, 0, 5000)
  for (let at = 6 * MiB; at < 11 * MiB + 77; at += 1) bytes[at] = 1 + ((at * 7) % 255)
  bytes.fill(9, bytes.length - 4096)
  return bytes
}

async function serve(bytes: Uint8Array, tls: Partial<ServerTls> = {}): Promise<NbdServer> {
  return serveNbd({
    host: '127.0.0.1',
    port: 0,
    resolveExport: async (name) => (name === 'disk' ? memoryExport(bytes) : null),
    listExports: async () => [{ name: 'disk', description: null }],
    tls: { ...server, ca, ...tls },
  })
}

/** Folders of a client with the right certificates, and of one whose certificate is `own`. */
async function clientFolder(place: TempPlace, own = client, name = 'client'): Promise<string> {
  return writeCertificateFolder(place.file(name), authority, { client: own })
}

function uri({ port }: NbdServer, folder: string, name = 'disk'): string {
  return `nbds://127.0.0.1:${port}/${name}?tls-certificates=${folder}`
}

function qemuPlace({ port }: NbdServer, folder: string): string[] {
  const about = ['driver=raw', 'file.driver=nbd', 'file.host=127.0.0.1', `file.port=${port}`]
  return [
    '--object',
    `tls-creds-x509,id=tls,endpoint=client,dir=${folder}`,
    '--image-opts',
    [...about, 'file.export=disk', 'file.tls-creds=tls'].join(','),
  ]
}

describe.skipIf(!requires('nbdinfo', 'nbdcopy'))('libnbd as the client', () => {
  test('lists, maps and copies over several connections, and writes', async () => {
    await using place = await tempPlace()
    const bytes = sampleDisk()
    const folder = await clientFolder(place)
    await using serving = await serve(bytes)
    const found = JSON.parse(await runToolOk('nbdinfo', ['--json', uri(serving, folder)])) as unknown
    expect(found).toMatchObject({
      protocol: 'newstyle-fixed',
      TLS: true,
      exports: [{ 'export-size': bytes.length, contexts: ['base:allocation'], can_multi_conn: true }],
    })
    expect(await runToolOk('nbdinfo', ['--list', uri(serving, folder, '')])).toContain('export="disk"')
    await runToolOk('nbdcopy', ['--connections=4', uri(serving, folder), place.file('copy.raw')])
    expect(Buffer.compare(bytes, await readFile(place.file('copy.raw')))).toBe(0)
    await runToolOk('nbdcopy', ['--flush', '--', place.file('copy.raw'), uri(serving, folder)])
  })

  test.each([
    ['in plain text', (port: number) => `nbd://127.0.0.1:${port}/disk`, /Operation not supported/u],
    ['without a certificate', null, /TLS fatal alert/u],
  ] as const)('%s is refused', async (_, plain, said) => {
    await using place = await tempPlace()
    await writeCertificateFolder(place.file('bare'), authority, {})
    await using serving = await serve(sampleDisk())
    const address = plain?.(serving.port) ?? uri(serving, place.file('bare'))
    const outcome = await runTool('nbdinfo', [address])
    expect(outcome.exitCode).not.toBe(0)
    expect(outcome.stderr).toMatch(said)
  })

  test.each([
    ['another authority', stranger],
    ['the authority, that has expired', expired],
    ['the authority, for servers', server],
  ])('with a certificate of %s is refused', async (_, own) => {
    await using place = await tempPlace()
    await using serving = await serve(sampleDisk())
    const outcome = await runTool('nbdinfo', [uri(serving, await clientFolder(place, own))])
    expect(outcome.exitCode).not.toBe(0)
    expect(outcome.stdout).not.toContain(String(sampleDisk().length))
  })

  test('speaks TLS 1.2 where it has to, if it may', async () => {
    await using place = await tempPlace()
    const folder = await clientFolder(place)
    await using strict = await serve(sampleDisk())
    await using lenient = await serve(sampleDisk(), { minVersion: 'TLSv1.2' })
    const ask = async (serving: NbdServer) =>
      runTool('nbdinfo', ['--size', uri(serving, folder)], {}).then(({ exitCode }) => exitCode)
    expect([await ask(strict), await ask(lenient)]).toEqual([0, 0])
    await writeFile(place.file('gnutls'), `[overrides]\ndisabled-version = tls1.3\n`)
    const file = { env: { GNUTLS_SYSTEM_PRIORITY_FILE: place.file('gnutls') } }
    const oldly = async (serving: NbdServer) =>
      runTool('nbdinfo', ['--size', uri(serving, folder)], file).then(({ exitCode }) => exitCode)
    expect([(await oldly(strict)) === 0, await oldly(lenient)]).toEqual([false, 0])
  })
})

describe.skipIf(!requires('qemu-img', 'qemu-io'))('QEMU as the client', () => {
  test('reads, compares and writes', async () => {
    await using place = await tempPlace()
    const bytes = sampleDisk()
    await writeFile(place.file('source.raw'), bytes)
    await using serving = await serve(bytes)
    const from = qemuPlace(serving, await clientFolder(place))
    await runToolOk('qemu-img', ['convert', ...from, '-O', 'raw', place.file('copy.raw')])
    expect(Buffer.compare(bytes, await readFile(place.file('copy.raw')))).toBe(0)
    const [object, tls, imageOptions, about = ''] = from
    const said = await runToolOk('qemu-io', [
      object ?? '',
      tls ?? '',
      imageOptions ?? '',
      '-c',
      'write -P 171 1M 96k',
      '-c',
      'flush',
      '-c',
      'read -P 171 1M 96k',
      about,
    ])
    expect(said).not.toMatch(/failed|error/iu)
    expect([bytes[MiB], bytes[MiB + 96 * 1024 - 1], bytes[MiB + 96 * 1024]]).toEqual([171, 171, 0])
  })

  test.each([
    ['another authority', stranger],
    ['the authority, that has expired', expired],
  ])('with a certificate of %s is refused', async (_, own) => {
    await using place = await tempPlace()
    await using serving = await serve(sampleDisk())
    const outcome = await runTool('qemu-img', ['info', ...qemuPlace(serving, await clientFolder(place, own))])
    expect(outcome.exitCode).not.toBe(0)
  })

  test('as the wrong peer is told so in words', async () => {
    await using place = await tempPlace()
    await using serving = await serve(sampleDisk(), { peer: () => false })
    const outcome = await runTool('qemu-img', ['info', ...qemuPlace(serving, await clientFolder(place))])
    expect(outcome.exitCode).not.toBe(0)
    expect(outcome.stderr).toMatch(/this certificate may not open that export/u)
  })
})

describe.skipIf(!requires('openssl'))('OpenSSL as the client', () => {
  test.each([
    ['-tls1_3', {}, true],
    ['-tls1_2', {}, false],
    ['-tls1_2', { minVersion: 'TLSv1.2' }, true],
    ['-tls1_1', { minVersion: 'TLSv1.2' }, false],
  ] as const)('with %s, %o', async (flag, tls, isTaken) => {
    await using place = await tempPlace()
    const folder = await clientFolder(place)
    await using serving = await serve(sampleDisk(), tls)
    await using tunnel = await afterStartTls(serving.port)
    const outcome = await runTool('openssl', [
      's_client',
      '-brief',
      flag,
      '-connect',
      `127.0.0.1:${tunnel.port}`,
      '-verify_return_error',
      '-verify_ip',
      '127.0.0.1',
      '-CAfile',
      `${folder}/ca-cert.pem`,
      '-cert',
      `${folder}/client-cert.pem`,
      '-key',
      `${folder}/client-key.pem`,
    ])
    expect([outcome.exitCode === 0, outcome.stderr.includes('CONNECTION ESTABLISHED')]).toEqual([
      isTaken,
      isTaken,
    ])
    if (isTaken)
      expect(outcome.stderr).toMatch(/Ciphersuite: (?:TLS_AES_256_GCM_SHA384|ECDHE-ECDSA-AES256-GCM-SHA384)/u)
  })
})

const greetingAndReply = greeting.size + optionReplyHeader.size

/** A port whose clients come to the server behind NBD_OPT_STARTTLS. */
async function afterStartTls(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const tunnel = createServer((near) => {
    const far = connectNet({ host: '127.0.0.1', port })
    for (const socket of [near, far]) socket.on('error', () => {})
    far.once('connect', () => far.write(joined(u32(3), encodeOption({ kind: 'starttls' }))))
    far.on('readable', function skip() {
      if (far.read(greetingAndReply) === null) return
      far.off('readable', skip)
      near.pipe(far)
      far.pipe(near)
    })
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => tunnel.listen(0, '127.0.0.1', resolve))
  const address = tunnel.address()
  if (address === null || typeof address === 'string') throw new Error('the tunnel has no port')
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => tunnel.close(resolve))
    },
  }
}

const ours: ClientTls = { ca, ...client, peer: 'localhost' }

/** Ways in which a server that a tool runs has to be asked in vain. */
const refused: readonly (readonly [string, ClientTls | undefined])[] = [
  ['plain text', undefined],
  ['no certificate', { ca, peer: 'localhost' }],
  ['a certificate of another authority', { ca, ...stranger, peer: 'localhost' }],
  ['an expired certificate', { ca, ...expired, peer: 'localhost' }],
  ['another authority in mind', { ...ours, ca: others.certificate }],
  ['another server in mind', { ...ours, peer: 'elsewhere.example' }],
]

async function serverFolder(place: TempPlace): Promise<string> {
  return writeCertificateFolder(place.file('server'), authority, { server })
}

describe.skipIf(!requires('qemu-nbd'))('a server of QEMU', () => {
  async function qemuNbd(place: TempPlace, ...more: string[]) {
    const folder = await serverFolder(place)
    await writeFile(place.file('disk.raw'), sampleDisk())
    const path = place.file('q.sock')
    const about = `tls-creds-x509,id=tls,endpoint=server,verify-peer=on,dir=${folder}`
    const tls = ['--object', [about, ...more].join(',')]
    const args = ['--persistent', '--shared=8', '-f', 'raw', '-x', 'disk', '-k', path]
    return startToolServer('qemu-nbd', [...tls, '--tls-creds', 'tls', ...args, place.file('disk.raw')], path)
  }

  test('is listed, read over several connections, and written', async () => {
    await using place = await tempPlace()
    await using serving = await qemuNbd(place)
    const { path } = serving
    expect(await listExports({ path, tls: ours })).toEqual([{ name: 'disk', description: null }])
    for (let count = 0; count < 3; count += 1) {
      await using connected = await connectNbd({ path, exportName: 'disk', tls: ours })
      const found = await readRange(connected, { start: 0, end: connected.size })
      expect(Buffer.compare(found, sampleDisk())).toBe(0)
    }
    await using writing = await connectNbd({ path, exportName: 'disk', tls: ours })
    await writing.write(new Uint8Array(3 * MiB).fill(77), MiB)
    await writing.flush()
    const written = await readFile(place.file('disk.raw'))
    expect([written[MiB - 1], written[MiB], written[4 * MiB - 1], written[4 * MiB]]).toEqual([0, 77, 77, 0])
  })

  test('that knows no TLS 1.3 is asked for nothing, unless 1.2 is wished', async () => {
    await using place = await tempPlace()
    await using serving = await qemuNbd(place, 'priority=NORMAL:-VERS-TLS1.3')
    const { path } = serving
    await expect(connectNbd({ path, exportName: 'disk', tls: ours })).rejects.toMatchObject({
      code: 'nbd-failed',
      message: expect.stringContaining('in the TLS handshake, as with a server that does not speak TLS 1.3'),
    })
    const old = { ...ours, minVersion: 'TLSv1.2' } as const
    await using connected = await connectNbd({ path, exportName: 'disk', tls: old })
    expect(connected.size).toBe(sampleDisk().length)
  })

  test.each(refused)('with %s gives nothing', async (_, tls) => {
    await using place = await tempPlace()
    await using serving = await qemuNbd(place)
    const asked = connectNbd({ path: serving.path, exportName: 'disk', ...(tls && { tls }) })
    await expect(asked).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:tls|nbd)-failed$/u),
      remedy: expect.stringMatching(/./u),
    })
  })
})

describe.skipIf(!requires('nbdkit'))('a server of nbdkit', () => {
  async function nbdkit(place: TempPlace, ...tls: string[]) {
    const path = place.file('k.sock')
    const folder = await serverFolder(place)
    const about = [`--tls-certificates=${folder}`, ...tls]
    return startToolServer('nbdkit', ['--foreground', '--unix', path, ...about, 'memory', '8M'], path)
  }
  const strict = ['--tls=require', '--tls-verify-peer']

  test('is written and read', async () => {
    await using place = await tempPlace()
    await using serving = await nbdkit(place, ...strict)
    const { path } = serving
    await using connected = await connectNbd({ path, exportName: '', tls: ours })
    await connected.write(new Uint8Array(5 * MiB + 1).fill(5), 100)
    await using again = await connectNbd({ path, exportName: '', tls: ours })
    const found = await readRange(again, { start: 0, end: again.size })
    expect([found[99], found[100], found[5 * MiB + 100], found[5 * MiB + 101]]).toEqual([0, 5, 5, 0])
  })

  test.each(refused)('with %s gives nothing', async (_, tls) => {
    await using place = await tempPlace()
    await using serving = await nbdkit(place, ...strict)
    const asked = connectNbd({ path: serving.path, exportName: '', ...(tls && { tls }) })
    await expect(asked).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:tls|nbd)-failed$/u),
      remedy: expect.stringMatching(/./u),
    })
  })

  test('that speaks no TLS is left', async () => {
    await using place = await tempPlace()
    await using serving = await nbdkit(place, '--tls=off')
    await expect(connectNbd({ path: serving.path, exportName: '', tls: ours })).rejects.toMatchObject({
      code: 'tls-failed',
      message: expect.stringContaining('says no'),
    })
  })
})
