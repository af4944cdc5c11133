import { open, readFile, type FileHandle } from 'node:fs/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { readError, writeError } from '@varve/engine/files/system-error'
import { syncPath } from '@varve/engine/files/sync-file'
import type { Journal } from '@varve/operations/runs/carry-out'
import { JournalEntry } from '@varve/operations/runs/journal'
import { dirname } from 'node:path'

const largest = 64 * 1024 * 1024

/** A journal in a file, one JSON text a line; what was appended is on the medium. */
export interface JournalFile extends Journal, AsyncDisposable {}

/** Creates the file with its first entries; throws `target-exists` when there is one of that name. */
export async function createJournal(path: string, entries: readonly JournalEntry[]): Promise<JournalFile> {
  const handle = await open(path, 'ax').catch((error: unknown) => {
    throw writeError(error, path)
  })
  try {
    await handle.appendFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
    await handle.sync()
    await syncPath(dirname(path))
  } catch (error) {
    await handle.close()
    throw writeError(error, path)
  }
  return journalOn(handle, { path, known: [...entries] })
}

/** Opens a journal to go on with it. */
export async function openJournal(path: string): Promise<JournalFile> {
  const known = await readJournal(path)
  const handle = await open(path, 'a').catch((error: unknown) => {
    throw writeError(error, path)
  })
  return journalOn(handle, { path, known: [...known] })
}

function journalOn(
  handle: FileHandle,
  { path, known }: { readonly path: string; readonly known: JournalEntry[] },
): JournalFile {
  let last: Promise<void> = Promise.resolve()
  return {
    name: path,
    entries: () => known,
    async append(entry) {
      const dated = JournalEntry.parse({ ...entry, at: new Date().toISOString() })
      const before = last
      last = before.then(async () => {
        // The line break in front ends a line that a death cut off.
        await handle.appendFile(`\n${JSON.stringify(dated)}\n`)
        await handle.datasync()
      })
      await last.catch((error: unknown) => {
        throw writeError(error, path)
      })
      known.push(dated)
    },
    async [Symbol.asyncDispose]() {
      await last.catch(() => {})
      await handle.close()
    },
  }
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
  return lines.flatMap((line, index) => {
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
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
