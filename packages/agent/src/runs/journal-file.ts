import { open, readFile, rm, type FileHandle } from 'node:fs/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { readError, writeError } from '@varve/engine/system/system-error'
import { syncPath } from '@varve/engine/files/sync-file'
import type { Journal } from '@varve/operations/runs/carry-out'
import { findAction } from '@varve/operations/actions/known-actions'
import { loadActions } from '@varve/operations/actions/load-actions'
import { JournalEntry } from '@varve/operations/runs/journal'
import { dirname } from 'node:path'

const largest = 64 * 1024 * 1024

/**
 * A journal in a file, one JSON text a line. What was appended is there after the death of any process. After a crash of the
 * machine so is all that came before a step which others may see: for that is waited; the rest goes to the medium beside the work.
 */
export interface JournalFile extends Journal, AsyncDisposable {}

/** `cached`: nothing is waited for, for work that is not on the medium when it ends either. */
export type JournalDurability = 'synced' | 'cached'

/** Creates the file with its first entries; throws `target-exists` when there is one of that name. */
export async function createJournal(
  path: string,
  entries: readonly JournalEntry[],
  durability: JournalDurability = 'synced',
): Promise<JournalFile> {
  const handle = await open(path, 'ax').catch((error: unknown) => {
    throw writeError(error, path)
  })
  try {
    await handle.appendFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  } catch (error) {
    await handle.close()
    // Half an entry is none.
    await rm(path, { force: true })
    throw writeError(error, path)
  }
  const first = durability === 'synced' ? [handle.sync(), syncPath(dirname(path))] : []
  const flush = flusher(handle, durability, Promise.all(first))
  return journalOn(handle, { path, known: [...entries], flush })
}

/** Opens a journal to go on with it. */
export async function openJournal(path: string): Promise<JournalFile> {
  const known = await readJournal(path)
  const handle = await open(path, 'a').catch((error: unknown) => {
    throw writeError(error, path)
  })
  return journalOn(handle, { path, known: [...known], flush: flusher(handle, 'synced') })
}

interface JournalParts {
  readonly path: string
  readonly known: JournalEntry[]
  readonly flush: Flusher
}

function journalOn(handle: FileHandle, { path, known, flush }: JournalParts): JournalFile {
  let last: Promise<void> = Promise.resolve()
  return {
    name: path,
    entries: () => known,
    async append(entry) {
      const dated: JournalEntry = { ...entry, at: new Date().toISOString() }
      const before = last
      // The line break in front ends a line that a death cut off.
      last = before.then(async () => handle.appendFile(`\n${JSON.stringify(dated)}\n`))
      try {
        await last
        known.push(dated)
        if (isAwaited(dated)) await flush.all()
        else if (dated.event !== 'ended') flush.soon()
      } catch (error) {
        throw writeError(error, path)
      }
    },
    async [Symbol.asyncDispose]() {
      await last.catch(() => {})
      await flush.settled()
      await handle.close()
    },
  }
}

/** Whether it has to be on the medium before the run goes on: somebody's wish, and the beginning of what others see. */
function isAwaited(entry: JournalEntry): boolean {
  if (entry.event === 'started') return findAction(entry.call.action).isHidden !== true
  return entry.event === 'asked'
}

interface Flusher {
  /** Waits until all that was written is on the medium; throws what failed before, too. */
  all(): Promise<void>
  /** Begins to put it there. */
  soon(): void
  /** What somebody waits for has come to its end: the file may be closed. */
  settled(): Promise<void>
}

/** Puts a file on its medium, one call at a time, each for all that was written meanwhile. */
function flusher(
  handle: FileHandle,
  durability: JournalDurability,
  first: Promise<unknown> = Promise.resolve(),
): Flusher {
  if (durability === 'cached') return { async all() {}, soon() {}, async settled() {} }
  let running = first.then(() => {})
  running.catch(() => {})
  let waiting: Promise<void> | null = null
  const all = async (): Promise<void> => {
    waiting ??= running.then(async () => {
      waiting = null
      running = handle.datasync()
      await running
    })
    await waiting
  }
  // Its failure is thrown by the next call that waits.
  const settled = async (): Promise<void> => {
    while (waiting !== null) await waiting.catch(() => {})
  }
  return { all, soon: () => void all().catch(() => {}), settled }
}

/** The entries of a journal; a last line that a death cut off is left out. Throws `corrupt` for anything else that is none. */
export async function readJournal(path: string): Promise<readonly JournalEntry[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(error, path)
  })
  if (text.length > largest)
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'a journal',
      value: text.length,
      limit: largest,
    })
  const lines = text.split('\n').filter((line) => line !== '')
  const entries = lines.flatMap((line, index) => {
    const parsed = JournalEntry.safeParse(parseLine(line))
    if (parsed.success) return [parsed.data]
    const isCutOff = parseLine(line) === undefined
    if (isCutOff) return []
    throw new DiskError('corrupt', {
      file: path,
      structure: 'the journal of a run',
      reason: `its line ${index + 1} is not an entry that this version knows`,
    })
  })
  const plans = entries.flatMap((entry) => (entry.event === 'created' ? entry.plan.steps : []))
  await loadActions(plans.map(({ action }) => action))
  return entries
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
