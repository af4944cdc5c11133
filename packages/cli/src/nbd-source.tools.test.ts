import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { memoryExport } from '@varve/nbd/exports/memory-export'
import { nbdAddress } from '@varve/nbd/nbd-address'
import { serveNbd } from '@varve/nbd/server'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { varveHere, varveJson } from './testing/varve-here.ts'

const bytes = new Uint8Array(9 * 2 ** 20 + 512)
bytes.fill(0x41, 2 ** 20, 3 * 2 ** 20)
bytes.set([1, 2, 3], bytes.length - 3)
const exportName = "a name, 100% it's"

describe('an NBD export on the command line', () => {
  let place: TempPlace
  let uri: string
  let file: string
  let stop: () => Promise<void>

  beforeAll(async () => {
    place = await tempPlace()
    file = place.file('disk.raw')
    await writeFile(file, bytes)
    const path = place.file('s k.sock')
    const server = await serveNbd({
      socket: path,
      host: '127.0.0.1',
      port: 0,
      resolveExport: async (name) => (name === exportName ? memoryExport(bytes) : null),
    })
    stop = async () => await server[Symbol.asyncDispose]()
    uri = nbdAddress({ place: { path }, exportName })
  })
  afterAll(async () => {
    await stop()
    await place[Symbol.asyncDispose]()
  })

  test('is read as the disk that it is', async () => {
    const { digest } = await digestDisk({ kind: 'image', path: file, roots: null, format: 'raw' })
    expect(await varveJson('digest', uri)).toMatchObject({ digest, virtualSize: bytes.length })
    expect(await varveJson('info', uri)).toMatchObject({
      path: uri,
      format: 'raw',
      virtualSize: bytes.length,
      problems: [],
    })
    expect(await varveJson('check', uri)).toMatchObject({ file: uri, totals: { corruptions: 0 } })
    expect(await varveJson('measure', uri, '-O', 'qcow2')).toMatchObject({ virtualSize: bytes.length })
    expect((await varveHere('compare', uri, file)).exitCode).toBe(0)
    const layers = await varveHere('compare', file, uri, '--layers')
    expect(layers).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('identical') })
    const extents = await varveJson('map', uri)
    expect(extents).toMatchObject([
      { start: 0 },
      { start: 2 ** 20, length: 2 * 2 ** 20, content: 'data' },
      {},
      { content: 'data' },
    ])
  })

  test('is converted and cloned, and what was read is what was written', async () => {
    const { digest } = await digestDisk({ kind: 'image', path: file, roots: null, format: 'raw' })
    const written = await varveJson('convert', uri, place.file('new.qcow2'))
    expect(written).toMatchObject({ format: 'qcow2', digest, verified: true })
    expect(await varveJson('clone', uri, place.file('new.raw'))).toMatchObject({ format: 'raw', digest })
    const plan = await varveJson('convert', uri, place.file('other.qcow2'), '--plan')
    expect(plan).toMatchObject({ kind: 'plan', steps: [{}, {}, {}] })
  })

  test('has no format, no snapshots and no place in a library', async () => {
    for (const args of [
      ['digest', '-f', 'qcow2', uri],
      ['info', '--rescue', uri],
      ['delete', uri],
      ['verify', uri],
    ])
      expect(await varveHere(...args)).toMatchObject({ exitCode: 2, stdout: '' })
  })

  test.each([
    ['nbds://h/x', 'refused', 3],
    ['nbd://h/x#y', 'invalid-request', 2],
    ['nbd+unix:///x', 'invalid-request', 2],
    ['nbd+unix:///x?socket=/nowhere/there', 'nbd-failed', 7],
  ])('%s is refused by name', async (address, code, exitCode) => {
    const { exitCode: ended, stdout } = await varveHere('digest', address, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code, layer: expect.stringMatching(/^L\d$/u), remedy: expect.stringMatching(/./u) },
    })
    expect(ended).toBe(exitCode)
  })

  test('one that its server does not have, in the words of the server', async () => {
    const unknown = uri.replace('a%20name', 'no%20name')
    expect(await varveJson('info', unknown)).toMatchObject({
      error: { code: 'nbd-failed', file: unknown, message: expect.stringContaining('does not know') },
    })
  })

  test('a server that says nothing, or closes in the middle, ends as an error', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => void sockets.add(socket.on('error', () => {})))
    const path = place.file('silent.sock')
    silent.listen(path)
    await once(silent, 'listening')
    const address = nbdAddress({ place: { path }, exportName: '' })
    const asked = varveJson('digest', address)
    for (const socket of await waitFor(sockets)) socket.destroy()
    expect(await asked).toMatchObject({ error: { code: 'nbd-failed', file: address } })
    silent.close()

    const cut = memoryExport(bytes)
    const gone = Promise.withResolvers<void>()
    let reads = 0
    await using dying = await serveNbd({
      host: '127.0.0.1',
      port: 0,
      resolveExport: async () => ({
        ...cut,
        async readInto(target, at) {
          reads += 1
          if (reads === 1) return await cut.readInto(target, at)
          dying[Symbol.asyncDispose]().then(gone.resolve, gone.reject)
          throw new Error('gone')
        },
      }),
    })
    const to = place.file('cut.qcow2')
    const closing = nbdAddress({ place: { host: '127.0.0.1', port: dying.port }, exportName: '' })
    expect(await varveJson('convert', closing, to)).toMatchObject({ error: { code: 'nbd-failed' } })
    await gone.promise
    expect(await varveHere('info', to)).toMatchObject({ exitCode: 4 })
  })

  test('a server that says that its disk is larger than it is', async () => {
    const small = memoryExport(new Uint8Array(2 ** 21).fill(7))
    const end = 2 ** 20
    await using lying = await serveNbd({
      host: '127.0.0.1',
      port: 0,
      resolveExport: async () => ({
        ...small,
        async readInto(target, at) {
          if (at + target.length > end) throw new Error('there is no more')
          await small.readInto(target, at)
        },
      }),
    })
    const address = nbdAddress({ place: { host: '127.0.0.1', port: lying.port }, exportName: '' })
    const { exitCode, stdout } = await varveHere('digest', address, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'nbd-failed' } })
    expect(exitCode).toBe(7)
  })
})

async function waitFor(sockets: ReadonlySet<Socket>): Promise<ReadonlySet<Socket>> {
  while (sockets.size === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  return sockets
}
