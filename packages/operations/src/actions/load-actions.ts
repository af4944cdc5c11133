import { definedActions } from './action.ts'

/** For names that no plan of this process may have loaded, as those of a journal or a runbook: loads all where one is not known. */
export async function loadActions(names: readonly string[]): Promise<void> {
  if (names.some((name) => !definedActions.has(name))) await import('./action-table.ts')
}
