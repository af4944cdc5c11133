import type { MigrationState } from '@varve/protocol/migrations'
import { beforeEach, expect, test } from 'vitest'
import { openDatabase, type Db } from './database.ts'
import { endedMigrationIds } from './migrations-store.ts'
import { migrations } from './schema.ts'

let db: Db

beforeEach(() => {
  db = openDatabase(':memory:')
})

/** Adds a migration of `image` to `targetHost`, the newest. */
function add(id: string, state: MigrationState, image = 'web', targetHost = 'south'): void {
  db.insert(migrations)
    .values({
      id,
      idempotencyKey: `key-${id}`,
      state,
      imageId: image,
      sourceHost: 'north',
      sourceLibrary: 'images',
      sourceName: image,
      targetHost,
      targetLibrary: 'vm',
      targetName: id,
      startedAt: '2026-01-01T00:00:00.000Z',
      data: '{}',
    })
    .run()
}

test('a failure counts until a later migration of the image to that host succeeds or runs', () => {
  add('earlier', 'succeeded')
  add('open', 'failed')
  add('elsewhere', 'failed', 'web', 'east')
  add('other', 'failed', 'db')
  add('retried', 'running', 'db')
  add('given up', 'canceled')
  expect(endedMigrationIds(db, 10).failed).toEqual(['elsewhere', 'open'])
  add('good', 'succeeded')
  expect(endedMigrationIds(db, 10).failed).toEqual(['elsewhere'])
})

test('neither many that run nor many that ended since hide what failed', () => {
  add('open', 'failed')
  for (let at = 0; at < 100; at += 1) add(`done ${at}`, 'succeeded', `image ${at}`)
  for (let at = 0; at < 100; at += 1) add(`runs ${at}`, 'running', `image ${at}`)
  const { ended, failed } = endedMigrationIds(db, 10)
  expect(failed).toEqual(['open'])
  expect(ended).toEqual(Array.from({ length: 10 }, (_, at) => `done ${99 - at}`))
})
