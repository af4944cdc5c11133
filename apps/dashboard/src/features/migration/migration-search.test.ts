import type { MigrationView } from '@varve/protocol/migrations'
import { expect, test } from 'vitest'
import {
  migrationChoices,
  searchMigrations,
  toMigrationSearch,
  type MigrationSearch,
} from './migration-search.ts'

const migration = (number: number, state: MigrationView['state'], change: object = {}) =>
  ({
    number,
    state,
    source: { host: 'north', name: 'web01.vmdk' },
    target: { host: 'south', name: 'web01.qcow2', format: 'qcow2' },
    finishedAt: state === 'running' || state === 'waiting' ? null : 'then',
    ...change,
  }) as MigrationView

const all = [
  migration(4, 'failed'),
  migration(3, 'succeeded', { target: { host: 'east', name: 'db.img', format: 'raw' } }),
  migration(2, 'running'),
  migration(1, 'canceled', { source: { host: 'west', name: 'mail.vdi' } }),
]
const found = (search: MigrationSearch) => searchMigrations(all, search).map(({ number }) => number)

test('what runs comes first, then the newest', () => {
  expect(found({})).toEqual([2, 4, 3, 1])
})

test.each([
  [{ state: 'active' }, [2]],
  [{ state: 'failed' }, [4]],
  [{ host: 'east' }, [3]],
  [{ host: 'west' }, [1]],
  [{ format: 'raw' }, [3]],
  [{ q: 'WEB01.VMDK south' }, [2, 4]],
  [{ q: '3' }, [3]],
  [{ q: 'nothing' }, []],
] as const)('%j leaves %j', (search, numbers) => {
  expect(found(search)).toEqual(numbers)
})

test('a URL that means nothing is the whole list', () => {
  expect(toMigrationSearch({ state: 'odd', q: '', host: 7, format: ['raw'] })).toEqual({ host: '7' })
  expect(toMigrationSearch({ state: 'active', q: 12 })).toEqual({ state: 'active', q: '12' })
})

test('the choices are those that there are', () => {
  expect(migrationChoices(all)).toEqual({
    hosts: ['east', 'north', 'south', 'west'],
    formats: ['qcow2', 'raw'],
  })
})
