import { TRPCClientError } from '@trpc/client'
import type { InventoryDelta, InventoryPart } from '@varve/protocol/agent'
import type { ImageRecord } from '@varve/protocol/images'
import { toImageReportView } from '@varve/protocol/reports'
import { describe, expect, test } from 'vitest'
import type { AgentClient } from '../connection/agent-client.ts'
import type { Session } from '../connection/deliver-reports.ts'
import { silentLogger } from '../platform/logger.ts'
import { fitRecord } from './fit-record.ts'
import { Inventory } from './inventory.ts'
import { digestOf, withChecksum } from './record-checksum.ts'
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
    places: async () => {},
    freed: async () => {},
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
      return { inStep: true }
    },
    compare: refuse,
    renew: refuse,
  }
  const value: Session = { client, id: 'session', signal: stop.signal, differing: [] }
  return { deltas, value }
}

const refused = TRPCClientError.from({
  error: { code: -32600, message: 'no', data: { code: 'BAD_REQUEST' } },
})
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
    expect(deltas.at(-1)?.state?.count).toBe(120)
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
    expect(second.deltas.at(-1)?.state?.count).toBe(60)
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
    expect(deltas.at(-1)?.state?.count).toBe(1)
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
    expect(deltas.at(-1)?.state?.count).toBe(1200)
  })

  test('large records go in smaller batches', async () => {
    const inventory = new Inventory(['images'])
    inventory.scanStarted('images')
    for (const name of ['a', 'b', 'c'])
      await inventory.put({ ...record(name), contents: 'x'.repeat(400 * 1024) }, never)
    inventory.scanFinished('images', ['a', 'b', 'c'])
    const { deltas, value } = session()
    await inventory.deliver(value, silentLogger)
    expect(deltas.map(({ changed }) => changed.length)).toEqual([0, 1, 1, 1, 0])
  })

  test('one record that is refused does not take the others of its delta with it', async () => {
    const inventory = new Inventory(['images'])
    inventory.scanStarted('images')
    for (const name of ['a', 'bad', 'c']) await inventory.put(record(name), never)
    inventory.scanFinished('images', ['a', 'bad', 'c'])
    const { deltas, value } = session()
    const client = {
      ...value.client,
      async inventory(id: string, delta: InventoryDelta) {
        if (delta.changed.some(({ name }) => name === 'bad')) throw refused
        return value.client.inventory(id, delta)
      },
    }
    await inventory.deliver({ ...value, client }, silentLogger)
    expect(names(deltas)).toEqual(['a', 'c'])
    expect(deltas.at(-1)?.state?.count).toBe(2)
  })
})

describe('a controller that knows something else', () => {
  const all = Array.from({ length: 1200 }, (_, index) => `disk ${index}.raw`)

  async function sent() {
    const wanted: string[] = []
    const inventory = new Inventory(['images'], { onWanted: (_, lost) => wanted.push(...lost) })
    inventory.scanStarted('images')
    const scan = (async () => {
      for (const name of all) await inventory.put(record(name), never)
      inventory.scanFinished('images', all)
    })()
    await Promise.all([scan, inventory.deliver(session().value, silentLogger)])
    return { inventory, wanted }
  }

  test('is told nothing when its digest is the same', async () => {
    const { inventory } = await sent()
    const [state] = inventory.states()
    expect(state).toMatchObject({ library: 'images', count: 1200 })
    const { deltas, value } = session()
    const quiet = AbortSignal.timeout(20)
    await inventory.deliver({ ...value, signal: quiet }, silentLogger)
    expect(deltas).toEqual([])
  })

  test('is told all names in parts that leave no gap, and what it misses is looked at again', async () => {
    const { inventory, wanted } = await sent()
    const parts: InventoryPart[] = []
    const stop = new AbortController()
    const { value } = session()
    const client: AgentClient = {
      ...value.client,
      async compare(_session, part) {
        parts.push(part)
        if (part.until === null) setImmediate(() => stop.abort())
        const missing = part.entries.filter(({ name }) => name === 'disk 7.raw' || name === 'disk 999.raw')
        return { wanted: missing.map(({ name }) => name), isMore: false }
      },
    }
    await inventory.deliver({ ...value, client, signal: stop.signal, differing: ['images'] }, silentLogger)
    expect(parts.map(({ entries }) => entries.length)).toEqual([500, 500, 200])
    expect(parts[0]?.after).toBeNull()
    expect(parts.slice(1).map(({ after }) => after)).toEqual(parts.slice(0, -1).map(({ until }) => until))
    expect(new Set(parts.flatMap(({ entries }) => entries.map(({ name }) => name)))).toEqual(new Set(all))
    expect(wanted.toSorted()).toEqual(['disk 7.raw', 'disk 999.raw'])
  })
})

test('a digest does not depend on the order, and each record counts', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => withChecksum(record(name)).record.checksum)
  if (!a || !b || !c) throw new Error('a checksum is never 0')
  expect(digestOf([a, b, c])).toBe(digestOf([c, a, b]))
  expect(digestOf([a, b, c])).not.toBe(digestOf([a, b]))
  expect(digestOf([a, a])).toBe(0)
  expect(BigInt(digestOf([a, b]))).toBe(BigInt(a) ^ BigInt(b))
  expect(withChecksum(record('a', '2')).record.checksum).not.toBe(a)
})

test('a record that is too long for a message is cut, and says so', () => {
  const long = record('long')
  const snapshots = Array.from({ length: 70_000 }, (_, index) => ({
    id: String(index),
    name: `before update ${index}`,
    takenAt: '2026-01-01T00:00:00Z',
    virtualSize: 1,
    stateSize: 0,
  }))
  const fitted = fitRecord({ ...long, report: { ...long.report, snapshots } })
  expect(JSON.stringify(fitted).length).toBeLessThan(1024 * 1024)
  expect(fitted.report.snapshots).toHaveLength(500)
  expect(fitted.report.problems.at(-1)?.id).toBe('report-shortened')
  expect(fitRecord(long)).toBe(long)
})
