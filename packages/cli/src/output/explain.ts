import type { ErrorRecord } from '@varve/core/problems/disk-error'
import { printable } from './text.ts'

/** An error in words, for standard error. */
export function explained({ message, remedy }: Pick<ErrorRecord, 'message' | 'remedy'>): string {
  return `varve: ${onTerminal(message)}\n       ${onTerminal(remedy)}`
}

/** What tools said has lines; a name has none that is not escaped. */
function onTerminal(text: string): string {
  return text.split(/\r?\n/u).map(printable).join('\n')
}
