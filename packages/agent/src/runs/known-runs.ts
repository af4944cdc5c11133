import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode, writeError } from '@varve/engine/files/system-error'
import { runState, type RunState } from '@varve/operations/runs/run-state'
import { readJournal } from './journal-file.ts'
import { holderOf } from './run-lock.ts'

/** A run in the folder. */
export interface KnownRun {
  readonly state: RunState
  /** The process that carries it out now; null: nobody does. */
  readonly pid: number | null
}

/** The file that is the journal of a run. */
export function journalPath(folder: string, id: string): string {
  return join(folder, `${id}.jsonl`)
}

/** The file that says which process carries a run out. */
export function lockPath(folder: string, id: string): string {
  return join(folder, `${id}.lock`)
}

/** The ids of all runs whose journals are in the folder, which need not be there. */
export async function runIds(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw writeError(error, folder)
  })
  return names.flatMap((name) => (name.endsWith('.jsonl') ? name.slice(0, -'.jsonl'.length) : []))
}

/** What the journal of a run says. */
export async function readRun(folder: string, id: string): Promise<KnownRun> {
  const path = journalPath(folder, id)
  const state = runState(await readJournal(path), path)
  return { state, pid: (await holderOf(lockPath(folder, id)))?.pid ?? null }
}

/** The newest first; journals that cannot be read are left out. */
export async function listRuns(folder: string): Promise<readonly KnownRun[]> {
  const ids = await runIds(folder)
  const runs = await Promise.all(ids.map(async (id) => readRun(folder, id).catch(() => null)))
  return runs.filter((run) => run !== null).sort((a, b) => (a.state.created.at < b.state.created.at ? 1 : -1))
}
