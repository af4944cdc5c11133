import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { chmod, readdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { testAuthority, writeCertificateFolder } from '@varve/test-kit/certificates'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { expect, test } from 'vitest'
import { exitCodes } from './exit-codes.ts'
import { varveHere } from './testing/varve-here.ts'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')
const mib = 1024 * 1024

interface Serving {
  readonly process: ChildProcess
  readonly said: {
    readonly uri: string
    readonly pid: number
    readonly virtualSize: number
    readonly host?: string
    readonly commands: Readonly<Record<string, readonly string[]>>
  }
  /** What it says on standard error, so far. */
  readonly remarks: () => string
}

/** A process of its own that serves the image; resolves when it says where. */
async function serving(image: string, ...args: string[]): Promise<Serving & AsyncDisposable> {
  const child = spawn(process.execPath, [command, 'serve', image, '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let remarks = ''
  child.stderr.on('data', (bytes: Buffer) => (remarks += bytes.toString()))
  let text = ''
  const said = Promise.withResolvers<void>()
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString()
    if (text.includes('\n')) said.resolve()
  })
  child.on('exit', () => said.reject(new Error(remarks)))
  await said.promise
  return {
    process: child,
    said: JSON.parse(text) as Serving['said'],
    remarks: () => remarks,
    async [Symbol.asyncDispose]() {
      await ended(child, 'SIGKILL')
    },
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
  return child.exitCode
}

async function image(place: TempPlace): Promise<string> {
  await writeFile(place.file('disk.raw'), Buffer.alloc(2 * mib, 'v'))
  await runToolOk('qemu-img', ['convert', '-O', 'qcow2', place.file('disk.raw'), place.file('disk.qcow2')])
  return place.file('disk.qcow2')
}

const visible = async (folder: string) => (await readdir(folder)).filter((name) => !name.startsWith('.'))

test.skipIf(!requires('qemu-img', 'nbdinfo'))(
  'varve serve is opened by nbdinfo and qemu-img, and ends on SIGTERM with nothing left',
  async () => {
    await using place = await tempPlace()
    const path = await image(place)
    const socket = place.file('s.sock')
    await using served = await serving(path, '--socket', socket)
    const { uri, virtualSize } = served.said
    expect(virtualSize).toBe(2 * mib)
    expect(statSync(socket).mode & 0o077).toBe(0)
    const info = JSON.parse(await runToolOk('nbdinfo', ['--json', uri])) as unknown
    expect(info).toMatchObject({ exports: [{ 'export-size': 2 * mib, is_read_only: true }] })
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'raw', uri, place.file('copy.raw')])
    const [copy, disk] = [place.file('copy.raw'), place.file('disk.raw')].map((file) => readFileSync(file))
    expect(disk && copy?.equals(disk)).toBe(true)
    expect(await ended(served.process, 'SIGTERM')).toBe(exitCodes.ok)
    expect((await readdir(place.path)).sort()).toEqual(['copy.raw', 'disk.qcow2', 'disk.raw'])
  },
)

test.skipIf(!requires('qemu-img'))(
  'an image that another process serves is neither deleted, moved nor changed; one of a killed process is',
  async () => {
    await using place = await tempPlace()
    const path = await image(place)
    await runToolOk('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-F',
      'qcow2',
      '-b',
      path,
      place.file('over.qcow2'),
    ])
    await using served = await serving(place.file('over.qcow2'), '--socket', place.file('s.sock'))
    const before = await visible(place.path)
    const calls = [
      ['delete', place.file('over.qcow2')],
      ['move', place.file('over.qcow2'), place.file('other.qcow2')],
      ['move', path, place.file('other.qcow2')],
      [
        'convert',
        place.file('disk.raw'),
        place.file('over.qcow2'),
        '--force',
        '--accept',
        'raw-unrecognised',
      ],
      ['snapshot', 'create', place.file('over.qcow2'), 'new'],
      ['chain', 'flatten', place.file('over.qcow2')],
    ]
    for (const call of calls) {
      const said = await varveHere(...call, '--yes')
      expect([call, said.exitCode, said.stderr]).toEqual([
        call,
        exitCodes.fileRefused,
        expect.stringContaining(`Varve, which serves it over NBD (process ${served.said.pid})`),
      ])
    }
    expect(await visible(place.path)).toEqual(before)
    await ended(served.process, 'SIGKILL')
    expect(
      (await varveHere('move', place.file('over.qcow2'), place.file('other.qcow2'), '--yes')).exitCode,
    ).toBe(0)
    expect((await readdir(place.path)).filter((name) => name.endsWith('.serving'))).toEqual([
      expect.stringContaining('.disk.qcow2.'),
    ])
  },
)

test.skipIf(!requires('qemu-img'))(
  'the socket of a server that was killed is taken over by the next, which says so; a file is not',
  async () => {
    await using place = await tempPlace()
    const path = await image(place)
    const socket = place.file('s.sock')
    {
      await using first = await serving(path, '--socket', socket)
      await ended(first.process, 'SIGKILL')
    }
    expect(statSync(socket).isSocket()).toBe(true)
    await using second = await serving(path, '--socket', socket)
    expect(await runToolOk('qemu-img', ['info', second.said.uri])).toContain('2 MiB')
    expect(await ended(second.process, 'SIGTERM')).toBe(exitCodes.ok)
    expect(second.remarks()).toContain(`The socket ${socket} was left by a process that is gone`)
    const taken = await varveHere('serve', path, '--socket', place.file('disk.raw'))
    expect(taken.exitCode).toBe(exitCodes.targetExists)
    expect(statSync(place.file('disk.raw')).size).toBe(2 * mib)
  },
)

test.skipIf(!requires('qemu-img', 'nbdinfo', 'nbdcopy'))(
  'varve serve over TLS is opened by the commands that it prints, with a certificate of the authority, and by nobody else',
  async () => {
    await using place = await tempPlace()
    const path = await image(place)
    const authority = testAuthority('of the test')
    const server = authority.issue({
      name: 'server',
      dns: ['localhost'],
      ips: ['127.0.0.1'],
      uses: ['server'],
    })
    const client = authority.issue({ name: 'client', uses: ['client'] })
    const folder = await writeCertificateFolder(place.file('a server'), authority, { server })
    const own = await writeCertificateFolder(place.file('client'), authority, { client })
    const bare = await writeCertificateFolder(place.file('bare'), authority, {})
    for (const where of [
      ['--socket', place.file('s,x.sock')],
      ['--port', '0', '--tls-1.2'],
      ['--port', '0', '--listen', '127.0.0.2'],
    ]) {
      await using served = await serving(path, '--tls-certificates', folder, ...where)
      const { uri, commands, host } = served.said
      expect(uri).toMatch(/^nbds(?:\+unix)?:/u)
      const isNamed = host !== '127.0.0.2'
      for (const tool of ['nbdinfo', 'nbdcopy', 'qemu-img']) {
        const [, ...args] = commands[tool] ?? []
        const told = args.map((each) => each.replaceAll('CLIENT-CERTIFICATES', own))
        const outcome = await runTool(tool, told, { cwd: place.path })
        // It is not the address that the certificate was made for; a socket has none.
        expect([where, tool, outcome.stderr, outcome.exitCode === 0]).toEqual([
          where,
          tool,
          isNamed ? '' : expect.anything(),
          isNamed,
        ])
        const others = args.map((each) => each.replaceAll('CLIENT-CERTIFICATES', bare))
        expect((await runTool(tool, others, { cwd: place.path })).exitCode).not.toBe(0)
      }
      expect('nbd-client' in commands).toBe(where.includes('--tls-1.2'))
      const asked = ['digest', uri, '--tls-certificates', own, '--json']
      if (!isNamed) {
        const named = `${uri}?tls-hostname=localhost&tls-certificates=${encodeURIComponent(own)}`
        expect(await varveHere('digest', named)).toMatchObject({ exitCode: 0 })
        expect(await varveHere(...asked)).toMatchObject({
          exitCode: exitCodes.unreachable,
          stdout: expect.stringContaining('tls-failed'),
        })
        continue
      }
      expect(await varveHere(...asked)).toMatchObject({ exitCode: 0 })
      expect((await varveHere('digest', uri, '--tls-certificates', bare)).exitCode).not.toBe(0)
      expect(await varveHere('digest', uri.replace('nbds', 'nbd'))).toMatchObject({
        exitCode: exitCodes.unreachable,
        stderr: expect.stringContaining('Use nbds://'),
      })
    }
    const copy = readFileSync(place.file('disk.raw'))
    expect(copy.equals(Buffer.alloc(2 * mib, 'v'))).toBe(true)
  },
)

test('varve serve over TLS begins with right certificates only', async () => {
  await using place = await tempPlace()
  const path = place.file('a.raw')
  await writeFile(path, Buffer.alloc(mib))
  const authority = testAuthority('of the test')
  const server = authority.issue({ name: 'server' })
  const folder = await writeCertificateFolder(place.file('right'), authority, { server })
  const crossed = { ...server, key: authority.issue({ name: 'other' }).key }
  await writeCertificateFolder(place.file('crossed'), authority, { server: crossed })
  await writeCertificateFolder(place.file('client'), authority, { client: server })
  await writeCertificateFolder(place.file('open'), authority, { server })
  await chmod(place.file('open/server-key.pem'), 0o644)
  const call = ['serve', path, '-f', 'raw', '--port', '0']
  const rows: readonly (readonly [string, RegExp])[] = [
    ['missing', /no such file/u],
    ['client', /no such file/u],
    ['crossed', /certificates cannot be used/u],
    ['open', /can be read by others \(mode 0644\)/u],
  ]
  for (const [name, reason] of rows) {
    const said = await varveHere(...call, '--json', '--tls-certificates', place.file(name))
    expect([said.exitCode, JSON.parse(said.stdout)]).toMatchObject([
      exitCodes.imageRefused,
      {
        error: {
          code: 'refused',
          message: expect.stringMatching(reason),
          remedy: expect.stringMatching(/./u),
        },
      },
    ])
    expect(said.stdout + said.stderr).not.toContain('PRIVATE KEY')
  }
  for (const stray of [
    ['--tls-1.2'],
    ['--listen', '127.0.0.2'],
    ['--tls-certificates', folder, '--listen', 'localhost'],
    ['--tls-certificates', folder, '--plan'],
    ['--tls-certificates', folder, '--host', 'h'],
  ])
    expect(await varveHere(...call, ...stray)).toMatchObject({ exitCode: exitCodes.usage, stdout: '' })
})
