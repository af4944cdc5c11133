import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { randomBytes, X509Certificate } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { connectNbd } from '@varve/nbd/client'
import { tempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort, root } from './fleet.ts'
import { TrustedFleet } from './trusted-fleet.ts'

const bytes = randomBytes(1024 ** 2)
const program = join(root, 'packages/cli/bin/varve.mjs')

let place: Awaited<ReturnType<typeof tempPlace>>
let fleet: TrustedFleet

beforeAll(async () => {
  place = await tempPlace()
  fleet = await TrustedFleet.start(place.path)
  await writeFile(place.file('disk.raw'), bytes)
  for (const args of [
    ['store', '--serves', '127.0.0.1', 'localhost', '--to', place.file('server')],
    ['reader', '--to', place.file('client')],
    ['other', '--valid', '2h', '--to', place.file('other')],
  ])
    expect(await varve('agents', 'certificate', ...args)).toMatchObject({ exitCode: 0 })
})

afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
  await place?.[Symbol.asyncDispose]()
})

async function varve(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], {
    reject: false,
    stdin: 'ignore',
    env: { VARVE_CONTROLLER: `http://127.0.0.1:${fleet.port}` },
  })
  return { exitCode, stdout, stderr }
}

/** `varve serve` of the disk with what `server` holds. */
async function serving() {
  const port = await freePort()
  const args = ['serve', place.file('disk.raw'), '-f', 'raw', '--port', String(port), '--listen', '127.0.0.1']
  const child = spawn(process.execPath, [program, ...args, '--tls-certificates', place.file('server')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit').then(() => {
    throw new Error('it serves nothing')
  })
  ended.catch(() => {})
  await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended.catch(() => {})
    },
  }
}

/** What each tool says to an export, with the certificates of a folder. */
function tools(port: number, folder: string) {
  const uri = `nbds://127.0.0.1:${port}/?tls-certificates=${folder}`
  const run = async (file: string, args: readonly string[]) =>
    execa(file, args, { reject: false, all: true, encoding: 'buffer' })
  return {
    nbdinfo: async () => run('nbdinfo', ['--size', uri]),
    nbdcopy: async () => run('nbdcopy', [uri, '-']),
    'qemu-img': async () =>
      run('qemu-img', [
        'compare',
        '--object',
        `tls-creds-x509,id=tls,endpoint=client,dir=${folder}`,
        '--image-opts',
        `driver=nbd,host=127.0.0.1,port=${port},tls-creds=tls`,
        `driver=raw,file.filename=${place.file('disk.raw')}`,
      ]),
  }
}

test('the layout is that of libnbd and QEMU; the key is closed, and made for this end only', async () => {
  expect((await stat(place.file('client'))).mode & 0o777).toBe(0o700)
  expect((await stat(place.file('client/client-key.pem'))).mode & 0o777).toBe(0o600)
  const { keyUsage, subjectAltName } = new X509Certificate(
    await readFile(place.file('client/client-cert.pem')),
  )
  expect(keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  expect(subjectAltName).toMatch(/^URI:varve:\/\/[0-9a-f]{32}\/tool\/reader$/u)
  const server = new X509Certificate(await readFile(place.file('server/server-cert.pem')))
  expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1')
})

test('nbdinfo, nbdcopy and qemu-img read what varve serves, until the certificate is revoked', async () => {
  {
    await using served = await serving()
    const { nbdinfo, nbdcopy, ...others } = tools(served.port, place.file('client'))
    const [size, copy, compared] = [await nbdinfo(), await nbdcopy(), await others['qemu-img']()]
    expect([size.exitCode, Buffer.from(size.stdout).toString().trim()]).toEqual([0, String(bytes.length)])
    expect(Buffer.from(copy.stdout).equals(bytes)).toBe(true)
    expect([compared.exitCode, Buffer.from(compared.all).toString()]).toEqual([
      0,
      expect.stringContaining('identical'),
    ])
    const { stdout } = await varve(
      'info',
      `nbds://127.0.0.1:${served.port}/`,
      '-f',
      'raw',
      '--tls-certificates',
      place.file('client'),
    )
    expect(stdout).toContain('1.00 MiB')
  }
  expect(await varve('agents', 'revoke', 'reader')).toMatchObject({ exitCode: 0 })
  // The server takes what is revoked with its next certificate.
  const again = ['store', '--serves', '127.0.0.1', '--to', place.file('server')]
  expect(await varve('agents', 'certificate', ...again)).toMatchObject({ exitCode: 0 })
  await using served = await serving()
  for (const [name, run] of Object.entries(tools(served.port, place.file('client'))))
    expect([name, (await run()).exitCode]).not.toEqual([name, 0])
  expect(Buffer.from((await tools(served.port, place.file('other')).nbdcopy()).stdout).equals(bytes)).toBe(
    true,
  )
})

test('it is listed and written down, and no host: it speaks to no controller, and takes no name of one', async () => {
  const { stdout } = await varve('agents')
  expect(stdout).toMatch(/other +tool +active/u)
  expect(stdout).toMatch(/reader +tool +revoked/u)
  const { lines } = await fleet.api.audit.list.query({ what: 'trust.certify' })
  expect(lines.map(({ entry }) => entry.on)).toContainEqual(['tool:reader'])
  const key = (await readFile(place.file('other/client-key.pem'), 'utf8')).split('\n')[1] ?? ''
  expect(JSON.stringify(lines)).not.toContain(key)
  await fleet.host('north')
  expect(await varve('agents', 'certificate', 'north', '--to', place.file('north-tool'))).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining('a host of that name has joined'),
  })
  expect((await fleet.join('other', await fleet.token({ pattern: 'other' }))).said).toContain(
    'a tool has a certificate of that name',
  )
  const [cert, tool, ca] = await Promise.all(
    ['client-cert.pem', 'client-key.pem', 'ca-cert.pem'].map((name) =>
      readFile(place.file(`other/${name}`), 'utf8'),
    ),
  )
  // The controller sees in it nobody of its fleet.
  const answer = await execa(
    'curl',
    [
      '--silent',
      '--insecure',
      '--output',
      '/dev/null',
      '--write-out',
      '%{http_code}',
      '--cert',
      place.file('other/client-cert.pem'),
      '--key',
      place.file('other/client-key.pem'),
      `${fleet.url}/trpc/fleet.hosts?input={}`.replace('{}', '%7B%7D'),
    ],
    { reject: false },
  )
  expect(answer.stdout).toMatch(/^40[13]$/u)
  // A client's certificate serves nobody: its key is for the other end.
  await writeFile(place.file('server/server-cert.pem'), cert ?? '')
  await writeFile(place.file('server/server-key.pem'), tool ?? '', { mode: 0o600 })
  await using forged = await serving()
  await expect(
    connectNbd({
      host: '127.0.0.1',
      port: forged.port,
      exportName: '',
      tls: { ca: ca ?? '', certificate: cert ?? '', key: tool ?? '' },
    }),
  ).rejects.toMatchObject({ code: 'tls-failed' })
})
