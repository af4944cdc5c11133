import { samplePlan } from '@varve/operations/testing/sample-plan'
import { expect, test } from 'vitest'
import { openDatabase } from '../store/database.ts'
import { saveHost } from '../store/hosts-store.ts'
import { imageIdByPath } from '../store/images-store.ts'
import { addRun } from '../store/runs-store.ts'
import { saveImage } from '../store/save-images.ts'
import { sampleFacts, sampleRecord, sampleSent } from '../testing/samples.ts'
import { createWhereabouts, placesOf } from './whereabouts.ts'

function fleet() {
  const db = openDatabase(':memory:')
  const facts = sampleFacts('north')
  const [library] = facts.libraries
  if (!library) throw new Error('the sample has no library')
  const libraries = [
    { ...library, name: 'images', path: '/srv/images' },
    { ...library, name: 'deep', path: '/srv/images/deep' },
  ]
  saveHost(
    db,
    { name: 'north', instance: 'i', session: 's' },
    { facts: { ...facts, libraries }, at: '2026-01-01T00:00:00Z' },
  )
  return db
}

test('a path lies in the deepest library that holds it; beside all of them it lies in none', () => {
  const db = fleet()
  const at = (path: string) => placesOf(db, 'north', [{ host: 'north', path }], null)[0]?.library
  expect(at('/srv/images/a.qcow2')).toBe('images')
  expect(at('/srv/images/deep/a.qcow2')).toBe('deep')
  expect(at('/srv/images/deeper/a.qcow2')).toBe('images')
  for (const path of [
    '/srv/images-old/a',
    '/srv',
    '/',
    'a.qcow2',
    '',
    '/srv/images/../images/a',
    '/srv/images/..',
  ])
    expect(at(path), path).toBeUndefined()
})

test('what a request names counts, however deep it stands: whole paths, and volumes', () => {
  const db = fleet()
  const request = {
    sources: [{ path: '/srv/images/a', backing: { file: '/etc/passwd' } }],
    target: 'lvm:vg/lv',
    other: ['C:\\disks\\a.vhdx', 'zfs:tank/a', 'a name', 7, null],
  }
  const places = placesOf(db, 'north', [], request)
  expect(places.map(({ library }) => library)).toEqual(Array.from({ length: 5 }))
})

test('what is not known yet may stand on images of any library; what a plan makes is where it comes to be', () => {
  const db = fleet()
  const path = '/srv/images/new.raw'
  expect(placesOf(db, 'north', [], { source: path })).toEqual([{ host: 'north' }])
  const place = { host: 'north', library: 'images' }
  expect(placesOf(db, 'north', [{ host: 'north', path }], { target: path })).toEqual([place, place])
})

test('what an image stands on counts where it is read: an overlay does not open another library', () => {
  const db = fleet()
  const record = sampleRecord('north', 'over.qcow2')
  const [own] = record.report.chain
  if (!own) throw new Error('the sample has no chain')
  const chain = ['/srv/images/over.qcow2', '/srv/images/deep/base.qcow2', '/etc/secret.raw'].map((path) => ({
    ...own,
    path,
  }))
  saveImage(db, 'north', {
    ...sampleSent({ ...record, report: { ...record.report, path: '/srv/images/over.qcow2', chain } }),
  })
  const at = (path: string, request: unknown = null) =>
    placesOf(db, 'north', path === '' ? [] : [{ host: 'north', path }], request).map(({ library }) => library)
  expect(at('/srv/images/over.qcow2')).toEqual(['images', 'deep', undefined])
  expect(at('', { source: '/srv/images/over.qcow2' })).toEqual(['images', 'deep', undefined])
  const id = imageIdByPath(db, 'north', '/srv/images/over.qcow2') ?? ''
  expect(
    createWhereabouts(db)
      .parents(id)
      .map(({ library }) => library),
  ).toEqual(['deep', undefined])
  expect(createWhereabouts(db).parents('unknown')).toEqual([])
  // A run that goes on reads it as one that is started does.
  const target = '/srv/images/new.raw'
  const plan = { ...samplePlan({ host: 'north' }), subjects: [{ host: 'north', path: target }] }
  const { operation, summary, estimate } = plan
  const request = { sources: [{ path: '/srv/images/over.qcow2' }], target }
  addRun(db, {
    id: 'one',
    idempotencyKey: 'key-one',
    plan: { kind: 'plan', operation, summary, steps: [], warnings: [], estimate },
    first: { event: 'created', at: '2026-01-01T00:00:00.000Z', run: 'one', request, accepted: [], plan },
  })
  expect(
    createWhereabouts(db)
      .resumedRun('one')
      ?.places.map(({ library }) => library),
  ).toEqual(['images', 'images', 'images', 'deep', undefined])
  expect(createWhereabouts(db).resumedRun('unknown')).toBeNull()
})
