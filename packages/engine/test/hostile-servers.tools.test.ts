import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { memoryExport } from '@varve/nbd/exports/memory-export'
import { serveNbd, type ServeNbdOptions } from '@varve/nbd/server'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { convertDisk } from '../src/convert-disk.ts'
import { digestDisk } from '../src/digest-disk.ts'
import type { DiskInput } from '../src/requests.ts'
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

const input = (port: number, size?: number): DiskInput => ({
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
})
