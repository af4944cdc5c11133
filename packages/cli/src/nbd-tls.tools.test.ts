import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { memoryExport } from '@varve/nbd/exports/memory-export'
import { nbdAddress } from '@varve/nbd/nbd-address'
import { serveNbd } from '@varve/nbd/server'
import { startToolServer } from '@varve/nbd/testing/tool-server'
import { testAuthority, writeCertificateFolder } from '@varve/test-kit/certificates'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { varveHere, varveJson } from './testing/varve-here.ts'

const MiB = 2 ** 20
const authority = testAuthority('of the test')
const server = authority.issue({ name: 'server', ips: ['127.0.0.1'], uses: ['server'] })
const client = authority.issue({ name: 'client', uses: ['client'] })
const bytes = new Uint8Array(9 * MiB + 512)
bytes.fill(0x41, MiB, 3 * MiB)
bytes.set([1, 2, 3], bytes.length - 3)

describe('an NBD export over TLS on the command line', () => {
  let place: TempPlace
  let folder: string
  let file: string
  let uri: string
  let stop: () => Promise<void>

  beforeAll(async () => {
    place = await tempPlace()
    file = place.file('disk.raw')
    await writeFile(file, bytes)
    folder = await writeCertificateFolder(place.file("cl ient's"), authority, { client })
    const serving = await serveNbd({
      host: '127.0.0.1',
      port: 0,
      resolveExport: async (name) => (name === 'disk' ? memoryExport(bytes) : null),
      tls: { ...server, ca: authority.certificate },
    })
    stop = async () => serving.close()
    uri = nbdAddress({
      place: { host: '127.0.0.1', port: serving.port },
      exportName: 'disk',
      tls: { certificates: null, hostname: null },
    })
  })
  afterAll(async () => {
    await stop()
    await place[Symbol.asyncDispose]()
  })

  test('is read as the disk that it is, in several threads too', async () => {
    const { digest } = await digestDisk({ kind: 'image', path: file, roots: null, format: 'raw' })
    const by = ['--tls-certificates', folder]
    expect(await varveJson('digest', uri, ...by)).toMatchObject({ digest, virtualSize: bytes.length })
    expect(await varveJson('info', uri, ...by)).toMatchObject({ format: 'raw', virtualSize: bytes.length })
    expect(await varveJson('check', uri, ...by)).toMatchObject({ totals: { corruptions: 0 } })
    expect(await varveJson('measure', uri, '-O', 'qcow2', ...by)).toMatchObject({ virtualSize: bytes.length })
    expect(await varveJson('map', uri, ...by)).toMatchObject([{}, { start: MiB, length: 2 * MiB }, {}, {}])
    expect(await varveHere('compare', uri, file, ...by)).toMatchObject({ exitCode: 0 })
    expect(await varveHere('compare', file, uri, '--layers', ...by)).toMatchObject({ exitCode: 0 })
    const written = await varveJson('convert', uri, place.file('new.qcow2'), ...by)
    expect(written).toMatchObject({ format: 'qcow2', digest, verified: true })
    expect(await varveJson('clone', uri, place.file('new.raw'), ...by)).toMatchObject({ digest })
    const said = `${uri}?tls-certificates=${encodeURIComponent(folder)}`
    expect(await varveJson('digest', said)).toMatchObject({ digest })
    const plan = await varveJson('convert', uri, place.file('other.qcow2'), '--plan', ...by)
    expect(plan).toMatchObject({ kind: 'plan' })
    expect(JSON.stringify(plan)).not.toContain('PRIVATE KEY')
  })

  test('is refused by name where the certificates are not right', async () => {
    const others = testAuthority('another')
    await writeCertificateFolder(place.file('others'), others, { client: others.issue({ name: 'client' }) })
    await writeCertificateFolder(place.file('mixed'), authority, { client: others.issue({ name: 'client' }) })
    await writeCertificateFolder(place.file('open'), authority, { client })
    await chmod(place.file('open/client-key.pem'), 0o644)
    await writeCertificateFolder(place.file('half'), authority, { client: { ...client, key: 'nonsense' } })
    const rows: readonly (readonly [string, string, RegExp, number])[] = [
      ['missing', 'refused', /no such file/u, 3],
      ['open', 'refused', /can be read by others \(mode 0644\)/u, 3],
      ['others', 'tls-failed', /no authority that is trusted here/u, 7],
      ['mixed', 'nbd-failed', /refuses the certificate of this side/u, 7],
      ['half', 'tls-failed', /./u, 7],
    ]
    for (const [name, code, reason, exitCode] of rows) {
      const said = await varveHere('digest', uri, '--tls-certificates', place.file(name), '--json')
      expect([name, said.exitCode, JSON.parse(said.stdout)]).toMatchObject([
        name,
        exitCode,
        { error: { code, message: expect.stringMatching(reason), remedy: expect.stringMatching(/./u) } },
      ])
    }
  })

  test('certificates are for addresses of TLS, and said once', async () => {
    const by = ['--tls-certificates', folder]
    for (const args of [
      ['digest', uri.replace('nbds', 'nbd'), ...by],
      ['digest', `${uri}?tls-certificates=/x`, ...by],
      ['digest', uri, '--tls-certificates', ''],
      ['digest', `${uri}?tls-verify-peer=0`],
      ['delete', uri],
      ['mount', uri, place.file('m')],
    ])
      expect([args, await varveHere(...args)]).toMatchObject([args, { exitCode: 2, stdout: '' }])
  })
})

describe.skipIf(!requires('qemu-nbd'))('an NBD export over TLS as the target of convert', () => {
  test('is written over and read back, and nothing is sent to a server in plain text', async () => {
    await using place = await tempPlace()
    const disk = Buffer.alloc(16 * MiB)
    disk.fill(3, 5 * MiB, 6 * MiB)
    await writeFile(place.file('a.raw'), disk)
    await writeFile(place.file('t.raw'), Buffer.alloc(16 * MiB, 0xee))
    const folder = await writeCertificateFolder(place.file('client'), authority, { client })
    const theirs = await writeCertificateFolder(place.file('server'), authority, { server })
    const path = place.file('s.sock')
    const tls = { certificates: null, hostname: '127.0.0.1' }
    const uri = nbdAddress({ place: { path }, exportName: 'x', tls })
    const call = ['convert', '-f', 'raw', place.file('a.raw'), uri, '--tls-certificates', folder]
    const consent = ['--accept', 'export-overwritten', '--yes']
    const args = ['--persistent', '--shared=8', '-f', 'raw', '-x', 'x', '-k', path, place.file('t.raw')]
    {
      await using _ = await startToolServer('qemu-nbd', args, path)
      expect(await varveJson(...call, ...consent)).toMatchObject({
        error: { code: 'tls-failed', message: expect.stringContaining('says no') },
      })
      expect((await readFile(place.file('t.raw'))).equals(Buffer.alloc(16 * MiB, 0xee))).toBe(true)
    }
    await rm(path)
    const object = `tls-creds-x509,id=tls,endpoint=server,verify-peer=on,dir=${theirs}`
    await using _ = await startToolServer(
      'qemu-nbd',
      ['--object', object, '--tls-creds', 'tls', ...args],
      path,
    )
    expect(await varveJson(...call, ...consent)).toMatchObject({ virtualSize: 16 * MiB, verified: true })
    expect((await readFile(place.file('t.raw'))).equals(disk)).toBe(true)
  })
})
