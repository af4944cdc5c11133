import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { clientCommands, nbdUri } from './nbd-uri.ts'
import { serveImage, type ServingPlace } from './serve-image.ts'

const KiB = 1024

/** A qcow2 over another one, with a snapshot of what it was before. */
async function chain(place: TempPlace): Promise<string> {
  const [base, over] = [place.file('base.qcow2'), place.file("it's, an overlay.qcow2")]
  await writeFile(place.file('a.raw'), Buffer.alloc(1024 * KiB, 'a'))
  await runToolOk('qemu-img', ['convert', '-O', 'qcow2', place.file('a.raw'), base])
  await runToolOk('qemu-img', ['create', '-f', 'qcow2', '-F', 'qcow2', '-b', base, over])
  await runToolOk('qemu-io', ['-c', 'write -P 0x62 64k 64k', over])
  await runToolOk('qemu-img', ['snapshot', '-c', 'before', over])
  await runToolOk('qemu-io', ['-c', 'write -P 0x63 128k 64k', over])
  return over
}

function expected(hasSecond: boolean): Buffer {
  const bytes = Buffer.alloc(1024 * KiB, 'a')
  bytes.fill('b', 64 * KiB, 128 * KiB)
  if (hasSecond) bytes.fill('c', 128 * KiB, 192 * KiB)
  return bytes
}

async function serve(path: string, place: ServingPlace, snapshot?: string) {
  const stop = new AbortController()
  const input = { kind: 'image', path, roots: null, format: null } as const
  const choices = snapshot === undefined ? {} : { choices: { snapshot } }
  const served = await serveImage(
    { ...input, ...choices },
    { place, inUse: 'refuse', signal: stop.signal, lookAgainMs: 20 },
  )
  return { served, stop }
}

const tools = ['qemu-img', 'qemu-io', 'nbdinfo', 'nbdcopy'] as const

describe.skipIf(!tools.every((tool) => requires(tool)))('an image that is served', () => {
  test.each<[string, ServingPlace]>([
    ['a socket of its own', { socket: null }],
    ['a port', { port: 0 }],
  ])('is read at %s by nbdinfo, qemu-img and nbdcopy', async (_name, where) => {
    await using place = await tempPlace()
    const image = await chain(place)
    const { served, stop } = await serve(image, where)
    const uri = nbdUri(served.address)
    expect(served.virtualSize).toBe(1024 * KiB)
    expect(JSON.parse(await runToolOk('nbdinfo', ['--json', uri]))).toMatchObject({
      exports: [{ 'export-size': 1024 * KiB, is_read_only: true }],
    })
    expect(JSON.parse(await runToolOk('qemu-img', ['info', '--output=json', uri]))).toMatchObject({
      'virtual-size': 1024 * KiB,
    })
    const copy = place.file('copy.raw')
    await runToolOk('nbdcopy', [uri, copy])
    expect((await readFile(copy)).equals(expected(true))).toBe(true)
    const writing = await runTool('qemu-io', ['-f', 'raw', '-c', 'write 0 512', uri])
    expect(writing.exitCode).not.toBe(0)
    stop.abort()
    expect(await served.ended).toBe('stopped')
    if ('socket' in served.address) expect(existsSync(dirname(served.address.socket))).toBe(false)
  })

  test('as a snapshot holds what the disk was', async () => {
    await using place = await tempPlace()
    const image = await chain(place)
    const socket = place.file('s p,a"ce.sock')
    const { served } = await serve(image, { socket }, 'before')
    await using _served = served
    expect(statSync(socket).mode & 0o077).toBe(0)
    const { nbdcopy = [] } = clientCommands(served.address)
    const copy = place.file('copy.raw')
    await runToolOk('nbdcopy', [...nbdcopy.slice(1, -1), copy])
    expect((await readFile(copy)).equals(expected(false))).toBe(true)
    await expect(serve(image, { socket })).rejects.toMatchObject({ code: 'target-exists' })
    expect(existsSync(socket)).toBe(true)
  })

  test('a socket at which nobody listens any more is taken over, a file is not', async () => {
    await using place = await tempPlace()
    const image = await chain(place)
    const socket = place.file('dead.sock')
    const listening =
      'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))'
    await once(spawn(process.execPath, ['-e', listening, socket], { stdio: 'ignore' }), 'exit')
    expect(statSync(socket).isSocket()).toBe(true)
    const { served } = await serve(image, { socket })
    await using _served = served
    expect(served.address).toEqual({ socket })
    const file = place.file('base.qcow2')
    await expect(serve(image, { socket: file })).rejects.toMatchObject({ code: 'target-exists' })
  })

  test('is served no more when one of its files changes', async () => {
    await using place = await tempPlace()
    const image = await chain(place)
    const { served } = await serve(image, { port: 0 })
    await appendFile(place.file('base.qcow2'), 'x')
    await expect(served.ended).rejects.toMatchObject({
      code: 'source-changed',
      file: place.file('base.qcow2'),
    })
    expect((await runTool('nbdinfo', [nbdUri(served.address)])).exitCode).not.toBe(0)
  })
})

test('a served image ends when its time is over', async () => {
  await using place = await tempPlace()
  await writeFile(place.file('a.raw'), Buffer.alloc(64 * KiB))
  const input = { kind: 'image', path: place.file('a.raw'), roots: null, format: null } as const
  const { signal } = new AbortController()
  const served = await serveImage(input, { place: { port: 0 }, inUse: 'refuse', signal, expiresMs: 50 })
  expect(await served.ended).toBe('expired')
})

test('no program can take a path in a URI for anything else', () => {
  expect(nbdUri({ socket: "/a b/c'd,e&f?g#h%.sock" })).toBe(
    'nbd+unix:///?socket=/a%20b/c%27d%2Ce%26f%3Fg%23h%25.sock',
  )
  expect(nbdUri({ host: '127.0.0.1', port: 10_809 })).toBe('nbd://127.0.0.1:10809/')
})
