import type { InventoryDelta } from '@varve/protocol/agent'
import { ImageQuery } from '@varve/protocol/images'
import { expect, test } from 'vitest'
import { createEventLog } from '../events/event-log.ts'
import { openDatabase, write, type Db } from '../store/database.ts'
import { saveHost } from '../store/hosts-store.ts'
import { createImageLists } from '../store/images-list.ts'
import { sampleFacts, sampleRecord, sampleSent } from '../testing/samples.ts'
import { createCourtesy } from './courtesy.ts'
import { createInventory } from './inventory.ts'

const session = { name: 'north', instance: 'instance-1', session: 'north' }

function open() {
  const db = openDatabase(':memory:')
  write(db, (tx) => saveHost(tx, session, { facts: sampleFacts('north'), at: '2026-01-01T00:00:00.000Z' }))
  const inventory = createInventory({
    db,
    log: createEventLog(db, { keep: 1000, paceMs: 0 }),
    onImages: () => {},
    onLibrary: () => {},
    activity: { add: () => {}, flush: () => {}, stop: () => {} },
    courtesy: createCourtesy(),
    isHeldOff: () => false,
  })
  return { db, inventory }
}

function delta(names: readonly string[]): InventoryDelta {
  const changed = names.map((name) => sampleSent(sampleRecord('north', name)))
  const at = '2026-01-01T00:00:00.000Z'
  return { library: 'images', kind: 'changes', changed, removed: [], state: null, at }
}

function count(db: Db): number {
  return createImageLists(db).list(ImageQuery.parse({ limit: 1 })).total
}

const many = (prefix: string, length: number) =>
  Array.from({ length }, (_, index) => `${prefix}${index}.vmdk`)

test('deltas that take longer than one write are kept whole, in parts', async () => {
  const { db, inventory } = open()
  await Promise.all(['a', 'b', 'c'].map((prefix) => inventory.take(session, delta(many(prefix, 500)))))
  expect(count(db)).toBe(1500)
})

test('a delta that cannot be kept takes no other with it', async () => {
  const { db, inventory } = open()
  db.$client.exec(
    `CREATE TRIGGER refuse BEFORE INSERT ON images WHEN new.name = 'bad499.vmdk' BEGIN SELECT RAISE(ABORT, 'refused'); END`,
  )
  const [first, bad, last] = await Promise.allSettled([
    inventory.take(session, delta(many('a', 500))),
    inventory.take(session, delta(many('bad', 500))),
    inventory.take(session, delta(many('c', 500))),
  ])
  expect([first.status, bad.status, last.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  for (const prefix of ['a', 'c']) {
    const query = ImageQuery.parse({ search: `${prefix}4`, limit: 500 })
    expect(createImageLists(db).list(query).total).toBe(111)
  }
  expect(await inventory.take(session, delta(['later.vmdk']))).toEqual({ inStep: true })
})
