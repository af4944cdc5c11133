import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode, writeError } from '@varve/engine/system/system-error'
import { isDiskError } from '@varve/core/problems/disk-error'
import { mapLimited } from '@varve/core/async/map-limited'
import { isOver, runState, type RunState } from '@varve/operations/runs/run-state'
import { readJournal } from './journal-file.ts'
import { holderOf } from '@varve/engine/in-use/holder'
import { makeFolder } from '@varve/engine/system/make-folder'

/** A run in the folder. */
export interface KnownRun {
  readonly state: RunState
  /** The process that carries it out now; null: nobody does. */
  readonly pid: number | null
}

/** The journal of a run that is not over. Those that are over lie apart, so that a start need not read them all. */
export function journalPath(folder: string, id: string): string {
  return join(folder, `${id}.jsonl`)
}

/** The journal of a run that is over. */
function endedPath(folder: string, id: string): string {
  return join(folder, endedFolder, `${id}.jsonl`)
}

const endedFolder = 'ended'
/** Journals of runs that are over: of more than these the oldest go. */
const mostEnded = 2000
/** So many more may be there before they are counted by age. */
const slack = 200

/** The file that says which process carries a run out. */
export function lockPath(folder: string, id: string): string {
  return join(folder, `${id}.lock`)
}

/** The ids of the runs that are not over, as far as their place says; a death may have kept a journal from being put away. */
async function openIds(folder: string): Promise<string[]> {
  return await journalsIn(folder)
}

/** The ids of all runs whose journals are in the folder, which need not be there. */
export async function runIds(folder: string): Promise<string[]> {
  return [...(await openIds(folder)), ...(await journalsIn(join(folder, endedFolder)))]
}

async function journalsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw writeError(error, folder)
  })
  return names.flatMap((name) => (name.endsWith('.jsonl') ? name.slice(0, -'.jsonl'.length) : []))
}

/** What the journal of a run says. */
export async function readRun(folder: string, id: string): Promise<KnownRun> {
  const path = journalPath(folder, id)
  const entries = await readJournal(path).catch(async (error: unknown) => {
    if (isDiskError(error, 'not-found')) return await readJournal(endedPath(folder, id))
    throw error
  })
  return { state: runState(entries, path), pid: (await holderOf(lockPath(folder, id)))?.pid ?? null }
}

/** The newest first; journals that cannot be read are left out. */
export async function listRuns(folder: string): Promise<readonly KnownRun[]> {
  return await readAll(folder, await runIds(folder))
}

/** Runs that are not over; the newest first. */
export async function listOpenRuns(folder: string): Promise<readonly KnownRun[]> {
  const all = await readAll(folder, await openIds(folder))
  return all.filter(({ state }) => !isOver(state))
}

async function readAll(folder: string, ids: readonly string[]): Promise<readonly KnownRun[]> {
  const runs = await mapLimited(ids, 16, async (id) => readRun(folder, id).catch(() => null))
  return runs.filter((run) => run !== null).sort((a, b) => (a.state.created.at < b.state.created.at ? 1 : -1))
}

/** Puts the journal of a run that is over with the others; of too many of them the oldest are removed. */
export async function putAway(folder: string, id: string): Promise<void> {
  await makeFolder(join(folder, endedFolder), 0o700)
  await rename(journalPath(folder, id), endedPath(folder, id))
  await prune(join(folder, endedFolder))
}

/** Takes the journal of a run that is over out again, to go on with it. */
export async function takeOut(folder: string, id: string): Promise<void> {
  await rename(endedPath(folder, id), journalPath(folder, id)).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw writeError(error, journalPath(folder, id))
  })
}

async function prune(folder: string): Promise<void> {
  const names = await readdir(folder)
  if (names.length <= mostEnded + slack) return
  const aged = await mapLimited(names, 16, async (name) => ({
    name,
    at: (await stat(join(folder, name)).catch(() => null))?.mtimeMs ?? 0,
  }))
  const old = aged.sort((a, b) => b.at - a.at).slice(mostEnded)
  for (const { name } of old) await rm(join(folder, name), { force: true })
}
