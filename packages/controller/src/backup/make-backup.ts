import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, link, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { controllerVersion } from '../package.ts'
import { neededParts, type BackupFacts, type BackupPart } from './backup-facts.ts'
import { copyDatabases } from './copy-databases.ts'
import { takeLock } from './folder-lock.ts'
import { sealWith, type SealKey } from './keys.ts'
import { contentOf, filesIn, measurePart } from './parts-of-folder.ts'
import { readBackup } from './read-backup.ts'
import { fileError } from './file-error.ts'
import { writeBackup } from './write-backup.ts'

export interface MakeBackupOptions {
  readonly data: string
  /** The file that is made. */
  readonly to: string
  readonly key: SealKey
  readonly overwrite: boolean
  readonly signal: AbortSignal
  readonly now?: () => number
  /** Told what is done now. */
  readonly onStage?: (stage: 'copy' | 'write' | 'prove') => void
}

/** A backup that was read back and proven. */
export interface MadeBackup {
  readonly path: string
  readonly size: number
  readonly facts: BackupFacts
  /** Names in the data folder that are not in it. */
  readonly leftOut: readonly string[]
}

/** Where the copies of databases lie until they are packed, in the data folder: closed to others as that is. */
const stagingName = '.backup'

/**
 * Writes all that a controller keeps into one encrypted file, whether it runs or not, reads it back, and only then gives it
 * its name. Throws coded errors; the data folder is only read, but for a hidden folder that is gone at the end.
 */
export async function makeBackup(options: MakeBackupOptions): Promise<MadeBackup> {
  const { data, to, signal, onStage } = options
  const seal = sealWith(options.key)
  await assertDataFolder(data)
  await assertTarget(options)
  await using stack = new AsyncDisposableStack()
  const staging = await openStaging(data, stack)
  onStage?.('copy')
  const { facts, sources, leftOut } = await collect(options, staging)
  const part = join(dirname(to), `.${basename(to)}.${randomBytes(6).toString('hex')}.part`)
  stack.defer(async () => await rm(part, { force: true }))
  try {
    onStage?.('write')
    await writeBackup(part, { facts, sources }, { encrypter: seal.encrypter, signal })
    onStage?.('prove')
    const read = await readBackup(part, { decrypter: seal.decrypter, signal })
    if (read.id !== facts.id) throw new Error('another backup was read back than was written')
    const { size } = await stat(part)
    signal.throwIfAborted()
    await publish(part, options)
    return { path: to, size, facts, leftOut }
  } catch (error) {
    throw fileError(error, to)
  }
}

async function assertDataFolder(data: string): Promise<void> {
  const names = await namesIn(data)
  const missing = neededParts.filter((name) => !names.includes(name))
  if (missing.length === 0) return
  throw new DiskError('refused', {
    file: data,
    layer: 'L1',
    reason: `it is no data folder of a controller: it lacks ${missing.join(', ')}`,
    remedy: 'Name the folder with --data, or in VARVE_DATA, as the controller is given it.',
  })
}

async function namesIn(data: string): Promise<readonly string[]> {
  try {
    return await readdir(data)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DiskError('not-readable', { file: data, reason }, { cause: error })
  }
}

async function assertTarget({ data, to, overwrite }: MakeBackupOptions): Promise<void> {
  if (!existsSync(dirname(to))) throw new DiskError('folder-missing', { file: to, folder: dirname(to) })
  const way = relative(await realpath(data), await realpath(dirname(to)))
  if (way !== '..' && !way.startsWith(`..${sep}`) && !/^[A-Za-z]:/u.test(way))
    throw new DiskError('refused', {
      file: to,
      layer: 'L1',
      reason: 'it lies in the data folder: what takes one takes both',
      remedy: 'Choose another folder, best on another machine.',
    })
  if (!existsSync(to)) return
  if (!overwrite) throw new DiskError('target-exists', { file: to })
  if (!(await stat(to)).isFile())
    throw new DiskError('refused', {
      file: to,
      layer: 'L1',
      reason: 'it is no file',
      remedy: 'Choose another name.',
    })
}

/** One backup of a folder at a time; what a killed one has left goes first. */
async function openStaging(data: string, stack: AsyncDisposableStack): Promise<string> {
  const staging = join(data, stagingName)
  try {
    await mkdir(staging, { recursive: true, mode: 0o700 })
    const lock = takeLock(join(staging, 'lock.sqlite'))
    if (lock === null)
      throw new DiskError('refused', {
        file: data,
        layer: 'L1',
        reason: 'another backup is being made of it',
        remedy: 'Wait for its end.',
      })
    stack.defer(async () => await rm(staging, { recursive: true, force: true }))
    stack.use(lock)
  } catch (error) {
    throw fileError(error, staging)
  }
  const copies = join(staging, 'copies')
  await rm(copies, { recursive: true, force: true })
  await mkdir(copies, { mode: 0o700 })
  return copies
}

interface Collected {
  readonly facts: BackupFacts
  /** Where the bytes of each part lie. */
  readonly sources: ReadonlyMap<string, string>
  readonly leftOut: readonly string[]
}

/**
 * Files first: a head of the audit log must not be newer than the log. Then the databases, all of one instant. Then what only
 * grows, so that everything is there that the databases tell of.
 */
async function collect(
  { data, signal, now = Date.now }: MakeBackupOptions,
  staging: string,
): Promise<Collected> {
  const content = await contentOf(data)
  const leftOut = [...content.leftOut]
  const sources = new Map<string, string>()
  try {
    for (const name of content.files) {
      await copyFile(join(data, name), join(staging, name))
      sources.set(name, join(staging, name))
    }
    const databases = content.databases.map((name) => join(data, name))
    const at = await copyDatabases(databases, { to: staging, signal, now })
    for (const name of content.databases) sources.set(name, join(staging, name))
    for (const folder of content.folders) {
      const found = await filesIn(data, folder)
      leftOut.push(...found.leftOut)
      for (const name of found.names) sources.set(name, join(data, name))
    }
    const parts: BackupPart[] = []
    for (const [name, path] of sources) parts.push(await measurePart(name, path, signal))
    const facts: BackupFacts = {
      format: 1,
      id: randomUUID(),
      version: controllerVersion,
      at: new Date(at).toISOString(),
      ...fleetIn(staging),
      parts,
    }
    return { facts, sources, leftOut }
  } catch (error) {
    signal.throwIfAborted()
    throw fileError(error, staging)
  }
}

const Fleet = z.object({ id: z.string() })
const Count = z.object({ count: z.number() })
const Runs = z.array(z.object({ id: z.string(), operation: z.string(), startedAt: z.string() }))

/** What the copies say of the fleet. */
function fleetIn(folder: string): Pick<BackupFacts, 'fleet' | 'hosts' | 'openRuns'> {
  using stack = new DisposableStack()
  const open = (name: string) => {
    const database = new Database(join(folder, name), { fileMustExist: true })
    stack.defer(() => database.close())
    return database
  }
  const trust = open('trust.sqlite')
  const inventory = open('inventory.sqlite')
  return {
    fleet: Fleet.parse(trust.prepare('SELECT id FROM fleet').get()).id,
    hosts: Count.parse(inventory.prepare('SELECT COUNT(*) AS count FROM hosts').get()).count,
    openRuns: Runs.parse(
      inventory
        .prepare('SELECT id, operation, startedAt FROM runs WHERE endedAt IS NULL ORDER BY number')
        .all(),
    ),
  }
}

/** Gives it its name, which is taken from nobody unless that was asked for. */
async function publish(part: string, { to, overwrite }: MakeBackupOptions): Promise<void> {
  if (overwrite) await rename(part, to)
  else await giveFreeName(part, to)
  await flushFolder(dirname(to))
}

async function giveFreeName(part: string, to: string): Promise<void> {
  try {
    await link(part, to)
    return
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EEXIST') throw error
  }
  // A filesystem without links.
  if (existsSync(to)) throw new DiskError('target-exists', { file: to })
  await rename(part, to)
}

/** So that a name outlives a power cut; on Windows there is no such thing. */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await using handle = await open(folder, 'r')
  await handle.sync()
}
