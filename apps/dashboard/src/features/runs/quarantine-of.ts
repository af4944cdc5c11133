import type { RunView } from '@varve/protocol/runs'

/** What a run that is done has put into quarantine on purpose, and where; null: nothing. */
export function quarantineOf({
  operation,
  state,
  steps,
}: RunView): { readonly host: string; readonly quarantine: string } | null {
  if (operation !== 'delete' || state !== 'succeeded') return null
  for (const { result, host } of steps) {
    const id = result?.['quarantine']
    if (typeof id === 'string') return { host, quarantine: id }
  }
  return null
}
