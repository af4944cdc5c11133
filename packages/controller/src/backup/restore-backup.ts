import { randomBytes } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import {
  chown,
  lstat,
  mkdir,
  readdir,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { packageFolder } from '../package.ts'
import { newestMigration } from '../store/newest-migration.ts'
import type { BackupFacts } from './backup-facts.ts'
import { fileError } from './file-error.ts'
import { controllerLock, takeLock } from './folder-lock.ts'
import { openWith, type OpenKey } from './keys.ts'
import { flushFolder } from './make-backup.ts'
import { readBackup } from './read-backup.ts'
import { restoredMark } from './restored-mark.ts'

export interface RestoreOptions {
  readonly file: string
  readonly data: string
  readonly key: OpenKey
  /** What the key was said by, for errors. */
  readonly keyFrom: string
  readonly signal: AbortSignal
  readonly now?: () => number
}

/** Makes a data folder from a backup: all of it or nothing. Throws coded errors. */
export async function restoreBackup(options: RestoreOptions): Promise<BackupFacts> {
  const { file, signal, now = Date.now } = options
  const decrypter = openWith(options.key, options.keyFrom)
  const data = await emptyPlace(options.data)
  const parent = dirname(data)
  const staged = join(parent, `.${basename(data)}.${randomBytes(6).toString('hex')}.restoring`)
  try {
    await mkdir(staged, { mode: 0o700 })
  } catch (error) {
    throw fileError(error, data)
  }
  await using stack = new AsyncDisposableStack()
  stack.defer(async () => await rm(staged, { recursive: true, force: true }))
  try {
    const facts = await readBackup(file, {
      decrypter,
      signal,
      async onFacts(found) {
        await assertRoom(staged, data, found)
        const folders = new Set(
          found.parts.flatMap(({ name }) => (name.includes('/') ? [dirname(name)] : [])),
        )
        for (const folder of folders) await mkdir(join(staged, folder), { mode: 0o700 })
      },
      async onPart({ name }, bytes) {
        const to = createWriteStream(join(staged, name), { flags: 'wx', mode: 0o600, flush: true })
        await pipeline(bytes, to, { signal })
      },
    })
    assertKnown(file, staged, facts)
    const restoredAt = new Date(now()).toISOString()
    const [mark, text] = restoredMark(staged, { backup: facts.id, at: facts.at, restoredAt })
    await writeFile(mark, text, { mode: 0o600, flush: true })
    await giveAway(staged, data)
    await flushAll(staged)
    signal.throwIfAborted()
    await putInPlace(staged, data)
    return facts
  } catch (error) {
    throw fileError(error, data)
  }
}

/** The path of a folder that is not there, or has nothing in it; one that somebody uses is named so. */
async function emptyPlace(data: string): Promise<string> {
  if (!existsSync(data)) {
    if (await isLink(data)) throw inTheWay(data, 'it is a link to nothing')
    const parent = dirname(data)
    if (!existsSync(parent)) throw new DiskError('folder-missing', { file: data, folder: parent })
    return join(await realpath(parent), basename(data))
  }
  const path = await realpath(data)
  if (!(await stat(path)).isDirectory()) throw inTheWay(data, 'it is no folder')
  let names: string[]
  try {
    names = await readdir(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DiskError('not-readable', { file: data, reason }, { cause: error })
  }
  if (names.length === 0) return path
  throw inTheWay(data, isUsed(path) ? 'a controller runs on it' : 'it is not empty')
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink()
  } catch {
    return false
  }
}

function isUsed(folder: string): boolean {
  const path = controllerLock(folder)
  if (!existsSync(path)) return false
  try {
    using lock = takeLock(path)
    return lock === null
  } catch {
    return false
  }
}

function inTheWay(data: string, reason: string): DiskError {
  return new DiskError('refused', {
    file: data,
    layer: 'L1',
    reason: `${reason}: a backup is restored into a new or an empty folder only`,
    remedy: 'Stop the controller and move what is there away, or choose another folder with --data.',
  })
}

async function assertRoom(staged: string, data: string, { parts }: BackupFacts): Promise<void> {
  const { bavail, bsize } = await statfs(staged)
  const wanted = parts.reduce((sum, { size }) => sum + size, 0)
  const available = bavail * bsize
  if (wanted > available) throw new DiskError('no-space', { file: data, wanted, available })
}

const Applied = z.object({ newest: z.number().nullable() })

/** Tables of a later version would be used as if they were ours. */
function assertKnown(file: string, staged: string, { parts, version }: BackupFacts): void {
  for (const { name } of parts) {
    if (name.includes('/') || !name.endsWith('.sqlite')) continue
    const known = newestMigration(packageFolder, name)
    if (known === null) continue
    const applied = newestApplied(join(staged, name), file)
    if (applied <= known) continue
    throw new DiskError('refused', {
      file,
      layer: 'L1',
      reason: `${name} in it is of a later controller than this one (it was made by Varve ${version})`,
      remedy: 'Restore it with the version that made it, or a later one.',
    })
  }
}

function newestApplied(path: string, file: string): number {
  try {
    const database = new Database(path, { fileMustExist: true })
    try {
      const row = database.prepare('SELECT MAX(created_at) AS newest FROM __drizzle_migrations').get()
      return Applied.parse(row).newest ?? 0
    } finally {
      database.close()
    }
  } catch (error) {
    throw new DiskError(
      'refused',
      {
        file,
        layer: 'L1',
        reason: `${basename(path)} in it is no database of a controller`,
        remedy: 'Take another backup. Nothing was restored.',
      },
      { cause: error },
    )
  }
}

/** Of root's restore: the folder belongs to whom it belonged, or to the owner of the folder that it lies in. */
async function giveAway(staged: string, data: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = await stat(existsSync(data) ? data : dirname(data))
  if (uid === 0) return
  for (const name of await readdir(staged, { recursive: true })) await chown(join(staged, name), uid, gid)
  await chown(staged, uid, gid)
}

async function flushAll(staged: string): Promise<void> {
  for (const entry of await readdir(staged, { withFileTypes: true }))
    if (entry.isDirectory()) await flushFolder(join(staged, entry.name))
  await flushFolder(staged)
}

async function putInPlace(staged: string, data: string): Promise<void> {
  try {
    // Only Windows does not put a folder in the place of an empty one.
    if (process.platform === 'win32' && existsSync(data)) await rmdir(data)
    await rename(staged, data)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOTEMPTY' || code === 'EEXIST') throw inTheWay(data, 'somebody has put something into it')
    if (code === 'EBUSY' || code === 'EXDEV')
      throw new DiskError('refused', {
        file: data,
        layer: 'L1',
        reason: 'a filesystem is mounted there, so that nothing can be put in its place',
        remedy: 'Choose a folder in it with --data, and start the controller with that.',
      })
    throw error
  }
  await flushFolder(dirname(data))
}
