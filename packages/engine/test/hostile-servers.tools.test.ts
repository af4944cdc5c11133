import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { memoryExport } from '@varve/nbd/exports/memory-export'
import { serveNbd, type ServeNbdOptions } from '@varve/nbd/server'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { convertDisk } from '../src/disks/convert-disk.ts'
import { digestDisk } from '../src/disks/digest-disk.ts'
import type { DiskInput } from '../src/run/requests.ts'
import { MiB, noise } from './fixtures.ts'

const exportName = 'a-token-that-nobody-guesses'
const bytes = Buffer.concat([noise(9 * MiB, 1), Buffer.alloc(6 * MiB), noise(5 * MiB, 2)])

async function serve(options: Partial<ServeNbdOptions> = {}) {
  return await serveNbd({
    host: '127.0.0.1',
    port: 0,
    resolveExport: async (name) => (name === exportName ? memoryExport(bytes) : null),
    ...options,
  })
}

const input = (port: number, size?: number): DiskInput & { kind: 'nbd' } => ({
  kind: 'nbd',
  host: '127.0.0.1',
  port,
  exportName,
  size,
})

describe('servers that are not as they should be', () => {
  test.each([1, 2, 3])('one that lets in %i connections is read by as many', async (maxConnections) => {
    await using place = await tempPlace()
    await using server = await serve({ maxConnections })
    const path = place.file('copy.raw')
    await convertDisk(input(server.port), { path, format: 'raw', compression: 'none' }, { workers: 4 })
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  test('one that offers another disk than the source is refused before anything is read', async () => {
    await using server = await serve()
    const failing = digestDisk(input(server.port, bytes.length + 512))
    await expect(failing).rejects.toMatchObject({
      code: 'nbd-failed',
      message: expect.stringContaining('it offers'),
    })
    expect((await digestDisk(input(server.port, bytes.length))).virtualSize).toBe(bytes.length)
  })

  test('one that says it has an endless disk is refused', async () => {
    await using server = await serve({
      resolveExport: async () => ({ ...memoryExport(new Uint8Array(512)), size: 2 ** 52 }),
    })
    await expect(digestDisk(input(server.port))).rejects.toMatchObject({ code: 'limit-exceeded' })
  })

  test('nobody learns what listens at an address', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}))
    const talking = createServer(
      (socket) => void socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    const ports: number[] = []
    for (const server of [silent, talking]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      ports.push(typeof address === 'object' && address ? address.port : 0)
    }
    silent.close()
    await once(silent, 'close')
    await using nbd = await serve({ resolveExport: async () => null })
    const said = new Set<string>()
    for (const port of [...ports, nbd.port]) {
      const error = await digestDisk(input(port)).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'nbd-failed' })
      said.add((error instanceof Error ? error.message : '').replaceAll(String(port), 'PORT'))
    }
    expect(said.size).toBe(1)
    talking.close()
  })

  test('nor from how long it takes: what cannot be opened is told when the time is over, not earlier', async () => {
    const refusing = createServer()
    const silent = createServer((socket) => socket.on('error', () => {}))
    const talking = createServer((socket) => void socket.on('error', () => {}).end('SSH-2.0-x\r\n'))
    const ports: number[] = []
    for (const server of [refusing, silent, talking]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      ports.push(typeof address === 'object' && address ? address.port : 0)
    }
    refusing.close()
    await once(refusing, 'close')
    await using nbd = await serve({ resolveExport: async () => null })
    const failsAfterMs = 700
    const failing = async (given: DiskInput) => {
      const started = performance.now()
      await expect(digestDisk(given)).rejects.toMatchObject({ code: 'nbd-failed' })
      return performance.now() - started
    }
    // A timer may be a millisecond early. The silent one would take 10 s of its own.
    const took = await Promise.all(
      [...ports, nbd.port].map(async (port) => await failing({ ...input(port), failsAfterMs })),
    )
    for (const each of took) expect(each).toBeGreaterThan(failsAfterMs - 2)
    silent.close()
    talking.close()
    await using healthy = await serve({ maxConnections: 1 })
    const patient = { ...input(healthy.port), failsAfterMs: 3_600_000 }
    expect((await digestDisk(patient, { workers: 2 })).virtualSize).toBe(bytes.length)
  })

  test('waiting for the time to be over ends when the run is canceled', async () => {
    const stop = new AbortController()
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const address = closed.address()
    const port = typeof address === 'object' && address ? address.port : 0
    closed.close()
    await once(closed, 'close')
    const failing = digestDisk({ ...input(port), failsAfterMs: 3_600_000 }, { signal: stop.signal })
    stop.abort()
    await expect(failing).rejects.toMatchObject({ code: 'canceled' })
  })
})
