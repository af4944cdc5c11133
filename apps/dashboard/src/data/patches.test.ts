import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import type { MigrationView } from '@varve/protocol/migrations'
import type { Overview } from '@varve/protocol/overview'
import { describe, expect, test } from 'vitest'
import { liveBuffer } from './live-buffer.ts'
import { patchHostPage, patchHosts, patchInfo, patchMigrations, patchOverview, patchPage } from './patches.ts'

const host = (name: string, state: HostView['state'] = 'connected') => ({ name, state }) as HostView
const migration = (number: number, finishedAt: string | null = null) =>
  ({ id: `m${number}`, number, finishedAt }) as MigrationView
const row = (id: string, name: string) => ({ id, name }) as ImageRow
const overview = {
  hosts: [host('north')],
  hostTotals: { connected: 1, total: 2 },
  running: [migration(2)],
  recent: [migration(1, 'then')],
  failed: [] as MigrationView[],
} as Overview

test('a host that is shown takes its new state in its place; others do not push in', () => {
  expect(patchHosts([host('a'), host('c')], host('c', 'offline')).map(({ state }) => state)).toEqual([
    'connected',
    'offline',
  ])
  expect(patchHosts([host('a'), host('c')], host('b')).map(({ name }) => name)).toEqual(['a', 'c'])
  const page = { rows: [host('a')], total: 9, offset: 0 }
  expect(patchHostPage(page, host('a', 'offline'))).toEqual({ ...page, rows: [host('a', 'offline')] })
})

test('migrations stay newest first', () => {
  expect(patchMigrations([migration(3), migration(1)], migration(4)).map(({ number }) => number)).toEqual([
    4, 3, 1,
  ])
  expect(patchMigrations([migration(3), migration(1)], migration(1, 'now'))[1]?.finishedAt).toBe('now')
})

test('a page takes a row only where it has it: nothing moves', () => {
  const page = { rows: [row('a', 'old'), row('b', 'b')], total: 2, offset: 0 }
  expect(patchPage(page, row('a', 'new')).rows.map(({ name }) => name)).toEqual(['new', 'b'])
  expect(patchPage(page, row('z', 'z'))).toBe(page)
})

describe('the overview', () => {
  test('a migration that ends moves from running to the results', () => {
    const patched = patchOverview(overview, { migration: migration(2, 'now') })
    expect(patched.running).toEqual([])
    expect(patched.recent.map(({ number }) => number)).toEqual([2, 1])
  })

  test('a migration that starts is running', () => {
    expect(patchOverview(overview, { migration: migration(3) }).running.map(({ number }) => number)).toEqual([
      3, 2,
    ])
  })

  test('the counts of the sidebar follow', () => {
    const info = {
      version: '1',
      protocolVersion: 1,
      hosts: { connected: 0, total: 0 },
      images: 7,
      migrationsRunning: 0,
      runsOpen: 0,
      isOpen: false,
    }
    expect(patchInfo(info, overview)).toEqual({
      ...info,
      hosts: { connected: 1, total: 2 },
      migrationsRunning: 1,
      runsOpen: 0,
    })
  })
})

test('between two paints only the newest state of each thing is kept, in order of its last change', () => {
  const buffer = liveBuffer()
  const at = '2026-01-01T00:00:00Z'
  buffer.push({ sequence: 1, at, event: { kind: 'migration-changed', migration: migration(1) } })
  buffer.push({ sequence: 2, at, event: { kind: 'host-changed', host: host('north') } })
  buffer.push({ sequence: 3, at, event: { kind: 'migration-changed', migration: migration(1, 'now') } })
  buffer.push({ sequence: 4, at, event: { kind: 'image-changed', image: row('a', 'a') } })
  buffer.push({ sequence: 5, at, event: { kind: 'image-removed', id: 'a', host: 'north' } })
  expect(buffer.drain().map(({ sequence }) => sequence)).toEqual([2, 3, 5])
  expect(buffer.drain()).toEqual([])
})
