import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import Database from 'better-sqlite3'

/** Pages that are copied in one go; between two of them Ctrl-C is heard. */
const pagesAtOnce = 4096
const mostAttempts = 200

export interface CopyOptions {
  /** Folder that the copies are written to, under the names of their sources. */
  readonly to: string
  readonly signal: AbortSignal
  readonly now: () => number
}

/**
 * Copies databases while others read and write them, all as they were at one instant, which it gives: together they are
 * what a power cut then would have left. Nobody waits for it; only the logs of writes cannot begin anew meanwhile.
 * Each copy is checked from its first to its last page before it is believed.
 */
export async function copyDatabases(paths: readonly string[], options: CopyOptions): Promise<number> {
  const { to, signal, now } = options
  using stack = new DisposableStack()
  const open = (path: string) => {
    const database = openToRead(path)
    stack.defer(() => database.close())
    return database
  }
  const readers = paths.map(open)
  const watchers = paths.map(open)
  for (const [at, reader] of readers.entries()) assertHasLog(reader, paths[at] ?? '')
  const at = await readAtOneInstant(readers, watchers, now)
  for (const [index, reader] of readers.entries()) {
    const copy = join(to, basename(paths[index] ?? ''))
    await copyOne(reader, copy, signal)
    reader.exec('ROLLBACK')
    assertSound(copy, paths[index] ?? '')
    signal.throwIfAborted()
  }
  return at
}

function openToRead(path: string): Database.Database {
  try {
    return new Database(path, { readonly: true, fileMustExist: true })
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): DiskError {
  const reason = error instanceof Error ? error.message : String(error)
  if (isDamage(error)) return damaged(path, reason)
  return new DiskError('not-readable', { file: path, reason }, { cause: error })
}

/** A reader keeps writers away from a database that has no log of writes: that would stop the controller. */
function assertHasLog(database: Database.Database, path: string): void {
  let mode: unknown
  try {
    mode = database.pragma('journal_mode', { simple: true })
  } catch (error) {
    throw unreadable(path, error)
  }
  if (mode !== 'wal')
    throw new DiskError('refused', {
      file: path,
      layer: 'L1',
      reason: `its journal is of the kind ${String(mode)}, not wal: it is not as the controller makes it`,
      remedy: 'Start the controller on this folder once, then make the backup again.',
    })
}

/** Begins to read all of them; when one was written to before all had begun, begins again. */
async function readAtOneInstant(
  readers: readonly Database.Database[],
  watchers: readonly Database.Database[],
  now: () => number,
): Promise<number> {
  const versions = () => watchers.map((watcher) => watcher.pragma('data_version', { simple: true }))
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const before = versions()
    for (const reader of readers) {
      reader.exec('BEGIN')
      reader.prepare('SELECT COUNT(*) FROM sqlite_schema').get()
    }
    const at = now()
    const after = versions()
    if (before.every((version, index) => version === after[index])) return at
    for (const reader of readers) reader.exec('ROLLBACK')
    await sleep(5)
  }
  throw new DiskError('refused', {
    file: readers[0]?.name ?? '',
    layer: 'L1',
    reason: 'the databases were written to without a pause, so that no instant was found which all are of',
    remedy: 'Make the backup again when less is going on.',
  })
}

async function copyOne(reader: Database.Database, copy: string, signal: AbortSignal): Promise<void> {
  try {
    await reader.backup(copy, {
      progress() {
        signal.throwIfAborted()
        return pagesAtOnce
      },
    })
  } catch (error) {
    signal.throwIfAborted()
    if (isDamage(error)) throw unreadable(reader.name, error)
    throw error
  }
}

function assertSound(copy: string, path: string): void {
  const database = new Database(copy, { fileMustExist: true })
  try {
    const found = database.pragma('integrity_check(1)', { simple: true })
    if (found !== 'ok') throw damaged(path, String(found).replaceAll(/\s+/gu, ' ').slice(0, 300))
  } catch (error) {
    if (error instanceof DiskError) throw error
    throw damaged(path, error instanceof Error ? error.message : String(error))
  } finally {
    database.close()
  }
}

function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB'
}

function damaged(path: string, reason: string): DiskError {
  return new DiskError('refused', {
    file: path,
    layer: 'L1',
    reason: `it is damaged (${reason}): no backup was made of it`,
    remedy:
      'Keep the backups that you have: the newest that was made before this happened is the one to restore.',
  })
}
