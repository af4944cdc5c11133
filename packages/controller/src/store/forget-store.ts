import type { EndedState } from '@varve/protocol/migrations'
import { removeFormatChoices } from './formats-store.ts'
import { hasCleanup, migrationsThatLeft, unfinishedMigrations, type Migration } from './migrations-store.ts'
import { statement, type Queries } from './database.ts'
import { forgetRun } from './runs-store.ts'

const forgetImages = [
  `DELETE FROM events WHERE subject IN (SELECT 'image:' || id FROM images WHERE host = ?)`,
  'DELETE FROM proofs WHERE imageId IN (SELECT id FROM images WHERE host = ?)',
  'DELETE FROM image_verifications WHERE host = ?',
  `DELETE FROM events WHERE subject IN (SELECT 'schedule:' || host || '/' || library FROM schedules WHERE host = ?)`,
  'DELETE FROM schedules WHERE host = ?',
  'DELETE FROM images WHERE host = ?',
  'DELETE FROM libraries WHERE host = ?',
  'DELETE FROM commands WHERE host = ?',
  'DELETE FROM jobs WHERE host = ? AND runId IS NULL',
  'DELETE FROM hosts WHERE name = ?',
].map((sql) => statement(sql))

/** Unfinished migrations from or to this host. */
export function migrationsAt(db: Queries, host: string): Migration[] {
  return unfinishedMigrations(db).filter(({ source, target }) => source.host === host || target.host === host)
}

/** Removes everything that is known of a host: libraries, images, proofs, formats. Gives the migrations that left something there. */
export function forgetHost(db: Queries, host: string): string[] {
  const left = migrationsThatLeft(db, host)
  removeFormatChoices(db, host)
  for (const forget of forgetImages) forget.run(db, host)
  return left
}

const endedIn = statement<{ id: string }>('SELECT id FROM migrations WHERE state = ? ORDER BY number')
const forgetMigrationRows = [
  'DELETE FROM migration_steps WHERE migrationId = ?',
  'DELETE FROM migrations WHERE id = ?',
].map((sql) => statement(sql))

/** Ids of migrations that ended in this state and left nothing to clean up. */
export function endedMigrations(db: Queries, state: EndedState): string[] {
  return endedIn.all(db, state).flatMap(({ id }) => (hasCleanup(db, id) ? [] : [id]))
}

/** Removes a migration with its steps and jobs. Proofs stay: they belong to images. */
export function forgetMigration(db: Queries, id: string): void {
  for (const forget of forgetMigrationRows) forget.run(db, id)
  forgetRun(db, id)
}
