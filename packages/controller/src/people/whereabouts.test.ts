import { expect, test } from 'vitest'
import { openDatabase } from '../store/database.ts'
import { saveHost } from '../store/hosts-store.ts'
import { sampleFacts } from '../testing/samples.ts'
import { placesOf } from './whereabouts.ts'

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
  expect(places.map(({ library }) => library)).toEqual(['images', undefined, undefined, undefined, undefined])
})
