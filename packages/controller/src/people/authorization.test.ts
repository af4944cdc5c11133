import type { Identity, PersonIdentity } from '@varve/protocol/identity'
import { roles, type Grant, type Right, type Role } from '@varve/protocol/people'
import { expect, test } from 'vitest'
import { appRouter } from '../router/root.ts'
import { denialOf, rules, type Whereabouts } from './authorization.ts'

const { _def } = appRouter
const procedures = Object.keys(_def.procedures)
const ofPeople = procedures.filter((path) => !path.startsWith('agents.'))
/** Rows that are no procedures: routes beside them. */
const routes = ['files.download', 'files.upload', 'files.manifest', 'files.support']

const at: Whereabouts = {
  image: (id) => (id === 'known' ? { host: 'north', library: 'images' } : null),
  parents: () => [],
  run: (id) =>
    id === 'known' ? { operation: 'convert', places: [{ host: 'north', library: 'images' }] } : null,
  resumedRun: (id) =>
    id === 'known' ? { operation: 'convert', places: [{ host: 'north', library: 'images' }] } : null,
  migration: (id) =>
    id === 'known'
      ? {
          operation: 'migrate',
          places: [
            { host: 'north', library: 'images' },
            { host: 'south', library: 'store' },
          ],
        }
      : null,
}

/** What names, in every kind of call, the image `known` of north:images, and south:store where there is a target. */
const input = {
  id: 'known',
  image: 'known',
  name: 'north',
  host: 'north',
  library: 'images',
  operation: 'convert',
  targetHost: 'south',
  targetLibrary: 'store',
}

function person(...grants: readonly [Grant, ...Grant[]]): PersonIdentity {
  return { kind: 'person', id: 'ada', name: 'ada', by: { kind: 'session', id: 's' }, grants }
}

function right(change: Partial<Right>): Right {
  return { hosts: null, libraries: null, operations: null, ...change }
}

function may(identity: Identity, path: string, given: unknown = input): boolean {
  return denialOf({ identity, path, input: given }, at) === null
}

test('every procedure for people has a row, and every row is of one', () => {
  expect(Object.keys(rules).sort()).toEqual([...ofPeople, ...routes].sort())
  expect(ofPeople.length).toBeGreaterThan(50)
})

test('what has no row is refused to everybody, whatever it is called', () => {
  const everybody: Identity[] = [{ kind: 'local' }, person({ role: 'admin', rights: null })]
  for (const identity of everybody)
    for (const path of ['fleet.secret', 'constructor', '__proto__', ''])
      expect(may(identity, path)).toBe(false)
})

test.each(Object.keys(rules))('%s: who may call it, role by role', (path) => {
  const needed: Role | null = rules[path]?.role ?? null
  const least = needed === null ? -1 : roles.indexOf(needed)
  for (const role of roles)
    expect(may(person({ role, rights: null }), path), role).toBe(roles.indexOf(role) >= least)
  expect(may({ kind: 'local' }, path)).toBe(true)
  expect(may({ kind: 'nobody', why: null }, path)).toBe(needed === null)
  expect(may({ kind: 'agent', host: 'north', serial: '01' }, path)).toBe(needed === null)
})

const changing = Object.keys(rules).filter((path) => rules[path]?.role === 'operator')

test.each(changing)('%s: an operator for another host, library or operation is refused', (path) => {
  const isBound = rules[path]?.act !== undefined
  const isForAll = path === 'files.upload'
  expect(isBound || isForAll).toBe(true)
  const elsewhere = [
    right({ hosts: ['west'] }),
    right({ libraries: ['archive'] }),
    right({ operations: ['nothing'] }),
    right({ hosts: ['north', 'south'], libraries: ['images', 'store'], operations: ['x*'] }),
  ]
  for (const one of elsewhere)
    expect(may(person({ role: 'operator', rights: [one] }), path), JSON.stringify(one)).toBe(isForAll)
  expect(may(person({ role: 'operator', rights: [] }), path)).toBe(isForAll)
  // What says nothing, or names what is not there, is nowhere.
  for (const empty of [null, undefined, {}, [], 'text', { id: 'unknown', image: 'unknown' }])
    expect(may(person({ role: 'operator', rights: [elsewhere[0] ?? right({})] }), path, empty)).toBe(isForAll)
})

test.each(changing.filter((path) => path !== 'migrations.clear'))(
  '%s: an operator whose rights reach there may',
  (path) => {
    const reaching = right({ hosts: ['north', 'south'], libraries: ['images', 'store'] })
    const isOfHostAlone = path === 'fleet.rescan'
    expect(may(person({ role: 'operator', rights: [reaching] }), path)).toBe(!isOfHostAlone)
    expect(may(person({ role: 'operator', rights: [right({ hosts: ['nor*', 'so*th'] })] }), path)).toBe(true)
  },
)

test('a migration needs rights at both ends; each end may come from another right', () => {
  const north = right({ hosts: ['north'], operations: ['migrate'] })
  const south = right({ hosts: ['south'], libraries: ['store'] })
  expect(may(person({ role: 'operator', rights: [north] }), 'migrations.start')).toBe(false)
  expect(may(person({ role: 'operator', rights: [south] }), 'migrations.start')).toBe(false)
  expect(may(person({ role: 'operator', rights: [north, south] }), 'migrations.start')).toBe(true)
})

test('a key never lets more be done than its person may, nor than it was made for', () => {
  const admin: Grant = { role: 'admin', rights: null }
  const viewer: Grant = { role: 'viewer', rights: null }
  const north: Grant = { role: 'operator', rights: [right({ hosts: ['north'] })] }
  const south: Grant = { role: 'operator', rights: [right({ hosts: ['south'] })] }
  expect(may(person(admin, viewer), 'runs.start')).toBe(false)
  expect(may(person(viewer, admin), 'runs.start')).toBe(false)
  expect(may(person(admin, north), 'runs.start')).toBe(true)
  expect(may(person(north, south), 'runs.start')).toBe(false)
  expect(may(person(north, admin), 'trust.revoke')).toBe(false)
})

test('patterns are whole names with stars, and cost no more than their length', () => {
  const by = (pattern: string) =>
    may(person({ role: 'operator', rights: [right({ hosts: [pattern] })] }), 'runs.start')
  for (const fits of ['*', 'north', 'n*', '*h', 'n*h', 'n*r*h', '**', 'no*rth'])
    expect(by(fits), fits).toBe(true)
  for (const other of ['nort', 'orth', 'North', 'n*x', 'north*h', '', 'n.rth', 'nn*', '*hh'])
    expect(by(other), other).toBe(false)
  expect(by(`${'n*'.repeat(60)}x`)).toBe(false)
})
