import type { HostView, LibraryView } from '@varve/protocol/hosts'
import type { MigrationView } from '@varve/protocol/migrations'
import type { Overview } from '@varve/protocol/overview'
import { expect, test } from 'vitest'
import { overviewToAttention } from './overview-to-attention.ts'

const GiB = 2 ** 30
const library = (name: string, free: number | null, change: object = {}) =>
  ({
    name,
    path: `/srv/${name}`,
    writable: true,
    place: { mountPoint: '/srv', free, total: 100 * GiB },
    ...change,
  }) as LibraryView
const host = (name: string, state: HostView['state'], libraries: readonly LibraryView[] = []) =>
  ({ name, state, images: 3, libraries }) as HostView
const migration = (number: number, state: MigrationView['state'], image = 'i1') =>
  ({
    id: `m${number}`,
    number,
    state,
    image,
    source: { name: 'web.vmdk' },
    target: { host: 'south' },
    error: { remedy: 'Free space there.' },
  }) as MigrationView
const overview = (change: Partial<Overview>): Overview =>
  ({
    hosts: [],
    hostTotals: { connected: 0, total: 0 },
    recent: [],
    failed: [],
    running: [],
    ...change,
  }) as Overview
const titles = (change: Partial<Overview>) => overviewToAttention(overview(change)).map(({ title }) => title)

test('all in order: nothing', () => {
  const hosts = [host('north', 'connected', [library('images', 50 * GiB), library('unknown', null)])]
  expect(
    titles({ hosts, hostTotals: { connected: 1, total: 1 }, recent: [migration(1, 'succeeded')] }),
  ).toEqual([])
})

test('failed first, then away, then full', () => {
  const hosts = [host('east', 'offline'), host('north', 'connected', [library('images', 5 * GiB)])]
  expect(titles({ hosts, hostTotals: { connected: 1, total: 2 }, recent: [migration(1, 'failed')] })).toEqual(
    [
      'web.vmdk did not get to south',
      'east is offline',
      'north is nearly full: 5.00 GiB of 100 GiB free for images',
    ],
  )
})

test('a failure that was made good, or is being, needs nobody', () => {
  expect(titles({ recent: [migration(2, 'succeeded'), migration(1, 'failed')] })).toEqual([])
  expect(titles({ recent: [migration(1, 'failed')], running: [migration(2, 'running')] })).toEqual([])
  expect(titles({ recent: [migration(2, 'failed'), migration(1, 'succeeded')] })).toHaveLength(1)
  expect(titles({ recent: [migration(2, 'succeeded', 'other'), migration(1, 'failed')] })).toHaveLength(1)
  expect(titles({ recent: [migration(1, 'canceled')] })).toEqual([])
})

test('a failure is told however many ended since, until it is made good; each once', () => {
  const later = Array.from({ length: 10 }, (_, at) => migration(20 - at, 'succeeded', `other-${at}`))
  expect(titles({ recent: later, failed: [migration(1, 'failed')] })).toHaveLength(1)
  expect(titles({ recent: [migration(1, 'failed')], failed: [migration(1, 'failed')] })).toHaveLength(1)
  expect(
    titles({ recent: later, failed: [migration(1, 'failed')], running: [migration(30, 'running')] }),
  ).toEqual([])
})

test('many failures are four and a line for the others', () => {
  const failed = Array.from({ length: 10 }, (_, at) => migration(10 - at, 'failed', `i${at}`))
  expect(titles({ failed: failed.slice(0, 5) })).toHaveLength(5)
  expect(titles({ failed: failed.slice(0, 7) }).at(-1)).toBe('3 more migrations failed')
  expect(titles({ failed })).toHaveLength(5)
  expect(titles({ failed }).at(-1)).toBe('At least 6 more migrations failed')
})

test('many hosts that are away are one line', () => {
  const hosts = Array.from({ length: 20 }, (_, at) => host(`h${at}`, 'offline'))
  expect(titles({ hosts, hostTotals: { connected: 0, total: 9500 } })).toEqual(['9,500 hosts are offline'])
})

test('libraries of one filesystem are one line; read-only ones need no room', () => {
  const libraries = [library('a', GiB), library('b', GiB), library('iso', GiB, { writable: false })]
  expect(titles({ hosts: [host('north', 'connected', libraries)] })).toEqual([
    'north is nearly full: 1.00 GiB of 100 GiB free for a, b',
  ])
})
