import { randomBytes } from 'node:crypto'
import type { ControllerStart, SeenController } from '@varve/protocol/agent'
import { statement } from '../store/database.ts'
import type { TrustDb } from './trust-store.ts'

const insert = statement('INSERT INTO starts (id, at) VALUES (?, ?)')
const newest = statement<ControllerStart>('SELECT number, id FROM starts ORDER BY number DESC LIMIT 1')
const one = statement<{ id: string }>('SELECT id FROM starts WHERE number = ?')
const prune = statement('DELETE FROM starts WHERE number < ?')

/** Agents that were away for more starts than these are not asked. */
const mostStarts = 10_000

/** Writes down that the controller starts. */
export function addStart(db: TrustDb, at: string): ControllerStart {
  insert.run(db, randomBytes(12).toString('base64url'), at)
  const start = newest.get(db)
  if (!start) throw new Error('the start was not kept')
  prune.run(db, start.number - mostStarts)
  return start
}

/**
 * Whether an agent has seen what this controller knows nothing of, which is therefore one that was restored from a backup.
 * `lastCommand`: the newest command that this controller knows it has sent.
 */
export function wasRestored(db: TrustDb, seen: SeenController, lastCommand: number): boolean {
  if (seen.command > lastCommand) return true
  if (seen.start === null) return false
  const oldest = (newest.get(db)?.number ?? 0) - mostStarts
  if (seen.start.number < oldest) return false
  return one.get(db, seen.start.number)?.id !== seen.start.id
}
