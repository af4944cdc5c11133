import type { JournalEntry } from '@varve/operations/runs/journal'
import type { RunLogEntry } from '@varve/protocol/runs'

/** An entry of a journal as the wire shows it: without inputs, outcomes and the plan. */
export function toLogEntry(entry: JournalEntry): RunLogEntry {
  const { at } = entry
  switch (entry.event) {
    case 'created':
      return { event: 'created', at }
    case 'asked':
      return { event: 'asked', at, wish: entry.for }
    case 'ended':
      return { event: 'ended', at, state: entry.state, error: entry.error }
    case 'started':
    case 'undone':
      return { event: entry.event, at, step: entry.step, attempt: entry.attempt }
    case 'done':
      return { event: 'done', at, step: entry.step, attempt: entry.attempt, told: entry.told }
    case 'failed': {
      const { step, attempt, error, again } = entry
      return { event: 'failed', at, step, attempt, error, again }
    }
    case 'undo-failed': {
      const { step, attempt, error } = entry
      return { event: 'undo-failed', at, step, attempt, error }
    }
  }
}
