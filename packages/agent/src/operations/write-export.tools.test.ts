import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { memoryExport } from '@varve/nbd/exports/memory-export'
import { nbdAddress } from '@varve/nbd/nbd-address'
import { serveNbd, type NbdServer } from '@varve/nbd/server'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { openTestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal
const size = 9 * 2 ** 20 + 512

function diskBytes(): Buffer {
  const bytes = Buffer.alloc(size)
  bytes.fill(7, 2 ** 20, 5 * 2 ** 20)
  bytes.fill(1, size - 3)
  return bytes
}

/** An export that held something else before. */
async function serve(flushes: string[] = []): Promise<{ server: NbdServer; held: Buffer; target: string }> {
  const held = Buffer.alloc(size, 0xee)
  const memory = memoryExport(held)
  const { writer } = memory
  const server = await serveNbd({
    host: '127.0.0.1',
    port: 0,
    resolveExport: async () => ({
      ...memory,
      writer: writer && {
        write: async (bytes, at) => {
          flushes.push('write')
          await writer.write(bytes, at)
        },
        flush: async () => {
          flushes.push('flush')
        },
      },
    }),
  })
  return {
    server,
    held,
    target: nbdAddress({ place: { host: '127.0.0.1', port: server.port }, exportName: 'x' }),
  }
}

describe('write-export', () => {
  test('writes all of it, zeros too, flushes, and reads it back', async () => {
    await using place = await tempPlace()
    const done: string[] = []
    const { server, held, target } = await serve(done)
    await using _ = server
    await writeFile(place.file('a.raw'), diskBytes())
    const host = openTestHost(place.path)
    await using __ = host
    const request = { source: { path: place.file('a.raw'), format: 'raw' }, target }
    const plan = await host.plan('write-export', request)
    if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
    expect(plan.warnings).toMatchObject([{ id: 'export-overwritten', asks: true }, {}])
    expect(done).toEqual([])
    const state = await host.runs.start({ plan, request, accepted: ['export-overwritten'] }, { stop })
    expect(state).toMatchObject({ phase: 'succeeded', error: null })
    expect(held.equals(diskBytes())).toBe(true)
    expect(done.at(-1)).toBe('flush')
    expect(done.filter((each) => each === 'flush')).toHaveLength(1)
  })

  test('an export that does not keep what is written is found out', async () => {
    await using place = await tempPlace()
    const forgetful = { ...memoryExport(Buffer.alloc(size)), writer: { async write() {}, async flush() {} } }
    await using server = await serveNbd({ host: '127.0.0.1', port: 0, resolveExport: async () => forgetful })
    await writeFile(place.file('a.raw'), diskBytes())
    await using host = openTestHost(place.path)
    const target = nbdAddress({ place: { host: '127.0.0.1', port: server.port }, exportName: '' })
    const request = { source: { path: place.file('a.raw'), format: 'raw' }, target }
    const plan = await host.plan('write-export', request)
    if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
    const state = await host.runs.start({ plan, request, accepted: ['export-overwritten'] }, { stop })
    expect(state).toMatchObject({ phase: 'failed', error: { code: 'digest-mismatch' } })
  })

  test(
    'is killed at every entry of its journal, and begins at the start again',
    { timeout: 900_000 },
    async () => {
      const { server, held, target } = await serve()
      await using _ = server
      const walked = await walkKills({
        operation: 'write-export',
        accepted: ['export-overwritten'],
        async prepare(folder) {
          held.fill(0xee)
          await writeFile(join(folder, 'a.raw'), diskBytes())
          return { source: { path: join(folder, 'a.raw'), format: 'raw' }, target }
        },
        // It is written in place, which was consented to: only the source is whole at any time.
        async atAnyTime() {},
        async whenDone() {
          expect(held.equals(diskBytes())).toBe(true)
        },
      })
      expect(walked.resumed).toBeGreaterThan(4)
    },
  )
})
