import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { createConnection, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { tempPlace } from '@varve/test-kit/temp-place'
import { findTool, requires, runToolOk } from '@varve/test-kit/tools'
import { convertDisk } from '../src/disks/convert-disk.ts'
import { digestDisk } from '../src/disks/digest-disk.ts'
import type { DiskInput } from '../src/run/requests.ts'
import { MiB, image, newImage, noise, writeMixed, writeSparse } from './fixtures.ts'

const coded = (code: string) => expect.objectContaining({ name: 'DiskError', code })

interface Served extends AsyncDisposable {
  readonly input: DiskInput & { kind: 'nbd' }
  /** Ends the server at once, as a crash does. */
  kill(): void
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** An image served by qemu-nbd on loopback, to eight connections at most. */
async function serve(path: string, format: string): Promise<Served> {
  const port = await freePort()
  const args = [
    '-r',
    '-t',
    '-e',
    '8',
    '-f',
    format,
    '-x',
    'disk',
    '-b',
    '127.0.0.1',
    '-p',
    String(port),
    path,
  ]
  const child = spawn(findTool('qemu-nbd') ?? '', args, { stdio: 'ignore' })
  const exited = once(child, 'exit')
  for (let attempt = 0; ; attempt += 1) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, '127.0.0.1')
      socket.on('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (isUp) break
    if (attempt > 500) throw new Error('qemu-nbd does not listen')
    await setTimeout(20)
  }
  return {
    input: { kind: 'nbd', host: '127.0.0.1', port, exportName: 'disk' },
    kill: () => child.kill('SIGKILL'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

describe.skipIf(!requires('qemu-img', 'qemu-nbd'))('an NBD export as input', () => {
  test.each(['raw', 'qcow2'] as const)('arrives as %s, bit for bit', async (format) => {
    await using place = await tempPlace()
    writeMixed(place.file('a.raw'), 61 * MiB)
    await runToolOk('qemu-img', ['convert', '-O', 'qcow2', place.file('a.raw'), place.file('a.qcow2')])
    await using served = await serve(place.file('a.qcow2'), 'qcow2')
    const outcome = await convertDisk(served.input, newImage(place.file('b'), format))
    const original = await digestDisk(image(place.file('a.raw'), 'raw'), { sha256: true })
    expect(outcome.digest).toBe(original.digest)
    expect(outcome.dataBytes).toBeLessThan(40 * MiB)
    await runToolOk('qemu-img', ['convert', '-f', format, '-O', 'raw', place.file('b'), place.file('c')])
    const sha256 = createHash('sha256')
      .update(readFileSync(place.file('c')))
      .digest('hex')
    expect(sha256).toBe(original.sha256)
  })

  test('a server that dies ends the run with a coded error and no file', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('a'), 128 * MiB, [[0, noise(112 * MiB, 1)]])
    await using served = await serve(place.file('a'), 'raw')
    const onProgress = () => served.kill()
    const run = convertDisk(served.input, newImage(place.file('b'), 'qcow2', 'zlib'), {
      workers: 2,
      onProgress,
    })
    await expect(run).rejects.toThrow(coded('nbd-failed'))
    expect(existsSync(place.file('b'))).toBe(false)
  })

  test('a run over the network is canceled', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('a'), 128 * MiB, [[0, noise(112 * MiB, 1)]])
    await using served = await serve(place.file('a'), 'raw')
    const controller = new AbortController()
    const options = { workers: 2, signal: controller.signal, onProgress: () => controller.abort() }
    const run = convertDisk(served.input, newImage(place.file('b'), 'qcow2', 'zlib'), options)
    await expect(run).rejects.toThrow(coded('canceled'))
    expect(existsSync(place.file('b'))).toBe(false)
  })

  test('an export that is not there', async () => {
    await using place = await tempPlace()
    writeSparse(place.file('a'), MiB, [])
    await using served = await serve(place.file('a'), 'raw')
    const input = { ...served.input, exportName: 'other' }
    await expect(digestDisk(input)).rejects.toThrow(coded('nbd-failed'))
  })

  test('nobody listens', async () => {
    const input = { kind: 'nbd', host: '127.0.0.1', port: await freePort(), exportName: 'disk' } as const
    await expect(digestDisk(input)).rejects.toThrow(coded('nbd-failed'))
  })
})
