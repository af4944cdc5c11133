import type { InventoryDelta } from '@varve/protocol/agent'
import type { ImageRecord } from '@varve/protocol/images'
import { toImageReportView } from '@varve/protocol/reports'
import { describe, expect, test } from 'vitest'
import type { AgentClient } from '../connection/agent-client.ts'
import type { Session } from '../connection/deliver-reports.ts'
import { silentLogger } from '../platform/logger.ts'
import { Inventory } from './inventory.ts'
import { unopenedReport } from './unopened-report.ts'

function record(name: string, fingerprint = '1'): ImageRecord {
  const problem = {
    id: 'not-readable',
    severity: 'block' as const,
    layer: 'L1' as const,
    file: name,
    message: '',
    remedy: '',
  }
  return {
    library: 'images',
    name,
    report: toImageReportView(unopenedReport({ path: name, format: 'raw', fileSize: 0, problem })),
    contents: '',
    strip: null,
    modifiedAt: '2026-01-01T00:00:00.000Z',
    fingerprint,
  }
}

/** A session that takes `limit` deltas and then breaks. */
function session(limit = Number.POSITIVE_INFINITY) {
  const deltas: InventoryDelta[] = []
  const stop = new AbortController()
  const refuse = () => Promise.reject(new Error('not in this test'))
  const client: AgentClient = {
    hello: refuse,
    report: refuse,
    manifest: refuse,
    commands: () => {},
    closed: new Promise(() => {}),
    close: () => {},
    async inventory(_session, delta) {
      if (deltas.length >= limit) throw new Error('connection lost')
      deltas.push(delta)
      if (delta.kind === 'scan-finished') stop.abort()
    },
  }
  const value: Session = { client, id: 'session', signal: stop.signal }
  return { deltas, value }
}

const never = new AbortController().signal

const kinds = (deltas: readonly InventoryDelta[]) => deltas.map(({ kind }) => kind)
const names = (deltas: readonly InventoryDelta[]) =>
  deltas.flatMap(({ changed }) => changed.map(({ name }) => name))

describe('Inventory', () => {
  test('a scan is told from its start to its end, in batches of at most 50', async () => {
    const inventory = new Inventory(['images'])
    const all = Array.from({ length: 120 }, (_, index) => `${index}.raw`)
    inventory.scanStarted('images')
    for (const name of all) await inventory.put(record(name), never)
    inventory.scanFinished('images', all)
    const { deltas, value } = session()
    await inventory.deliver(value, silentLogger)
    expect(kinds(deltas)).toEqual(['scan-started', 'changes', 'changes', 'changes', 'scan-finished'])
    expect(deltas.map(({ changed }) => changed.length)).toEqual([0, 50, 50, 20, 0])
    expect(deltas.at(-1)?.present).toEqual(all)
  })

  test('what was acknowledged is not sent again; what was cut off is', async () => {
    const inventory = new Inventory(['images'])
    const all = Array.from({ length: 60 }, (_, index) => `${index}.raw`)
    inventory.scanStarted('images')
    for (const name of all) await inventory.put(record(name), never)
    inventory.scanFinished('images', all)
    const first = session(2)
    await expect(inventory.deliver(first.value, silentLogger)).rejects.toThrow('connection lost')
    const second = session()
    await inventory.deliver(second.value, silentLogger)
    expect(names(first.deltas)).toEqual(all.slice(0, 50))
    expect(names(second.deltas)).toEqual(all.slice(50))
    expect(second.deltas.at(-1)?.present).toEqual(all)
  })

  test('what is gone is removed', async () => {
    const inventory = new Inventory(['images'])
    inventory.scanStarted('images')
    await inventory.put(record('a'), never)
    await inventory.put(record('b'), never)
    inventory.scanFinished('images', ['a', 'b'])
    await inventory.deliver(session().value, silentLogger)
    inventory.scanStarted('images')
    inventory.scanFinished('images', ['b'])
    const { deltas, value } = session()
    await inventory.deliver(value, silentLogger)
    expect(deltas.flatMap(({ removed }) => removed)).toEqual(['a'])
    expect(deltas.at(-1)?.present).toEqual(['b'])
  })

  test('a scan waits while the controller does not take what was found', async () => {
    const inventory = new Inventory(['images'])
    inventory.scanStarted('images')
    const stop = new AbortController()
    let taken = 0
    const scan = (async () => {
      for (let index = 0; index < 1200; index += 1) {
        await inventory.put(record(`${index}.raw`), stop.signal)
        taken += 1
      }
      inventory.scanFinished(
        'images',
        Array.from({ length: 1200 }, (_, index) => `${index}.raw`),
      )
    })()
    await new Promise((resolve) => setImmediate(resolve))
    expect(taken).toBe(499)
    const { deltas, value } = session()
    await Promise.all([scan, inventory.deliver(value, silentLogger)])
    expect(new Set(names(deltas)).size).toBe(1200)
    expect(deltas.at(-1)?.present).toHaveLength(1200)
  })

  test('large records go in smaller batches', async () => {
    const inventory = new Inventory(['images'])
    inventory.scanStarted('images')
    for (const name of ['a', 'b', 'c'])
      await inventory.put({ ...record(name), contents: 'x'.repeat(3 * 1024 * 1024) }, never)
    inventory.scanFinished('images', ['a', 'b', 'c'])
    const { deltas, value } = session()
    await inventory.deliver(value, silentLogger)
    expect(deltas.map(({ changed }) => changed.length)).toEqual([0, 1, 1, 1, 0])
  })
})
