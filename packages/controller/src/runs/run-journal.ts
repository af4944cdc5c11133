import type { Journal } from '@varve/operations/runs/carry-out'
import { JournalEntry, type NewEntry } from '@varve/operations/runs/journal'
import { runState, type RunState } from '@varve/operations/runs/run-state'
import { timestamp } from '../clock.ts'
import { write, type Db, type Queries } from '../store/database.ts'
import { appendEntry, entriesOfRun } from '../store/runs-store.ts'

/** The journal of a run in the store; `onEntry` is called in the transaction of each entry. */
export function storedJournal(
  db: Db,
  id: string,
  onEntry: (tx: Queries, entry: JournalEntry, state: RunState) => void,
): Journal {
  const known = entriesOfRun(db, id)
  const name = `run ${id}`
  return {
    name,
    entries: () => known,
    async append(entry) {
      const value = write(db, (tx) => {
        const { value: dated, state } = appendTo(tx, id, known, entry)
        onEntry(tx, dated, state)
        return dated
      })
      known.push(value)
    },
  }
}

/** Appends to a journal that nobody carries out now; in the caller's transaction. */
export function appendTo(
  tx: Queries,
  id: string,
  known: readonly JournalEntry[],
  entry: NewEntry,
): { readonly value: JournalEntry; readonly state: RunState } {
  const value = JournalEntry.parse({ ...entry, at: timestamp() })
  const state = runState([...known, value], `run ${id}`)
  const { phase, endedAt, undoFailures } = state
  const undoHosts = [...new Set(undoFailures.map(({ host }) => host))]
  appendEntry(tx, id, { sequence: known.length, value, phase, endedAt, undoHosts })
  return { value, state }
}
