import { join } from 'node:path'
import type { ActionPorts } from '../actions/adapter.ts'

/** Where this host notes what it attaches to Windows; null: it keeps nothing. */
export function notesFolder({ stateFolder }: Pick<ActionPorts, 'stateFolder'>): string | null {
  return stateFolder === undefined ? null : join(stateFolder, 'attached')
}
