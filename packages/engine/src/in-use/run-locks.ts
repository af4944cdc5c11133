import { AsyncLocalStorage } from 'node:async_hooks'
import { access, constants, open, realpath, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { hexSha256 } from '@varve/core/digest/sha256'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { RunPlace, RunUse } from '@varve/core/problems/use'
import { busyError } from '@varve/core/uses/use-problems'
import { systemCode, writeError } from '../system/system-error.ts'
import { hiddenBeside } from '../files/staged-name.ts'
import { isHolderAlive, makeLockFile, takeAway, textOrNull, thisProcess } from './holder.ts'

/** A run that is about to work on images. */
export interface LockingRun {
  /** Unique. */
  readonly id: string
  /** As people name it. */
  readonly name: string
  /** What it does, in one line. */
  readonly operation: string
  readonly of: RunPlace
  /**
   * A file that is there as long as the run is not over: the run's journal, or what an agent keeps of it. When its last line
   * says `"event":"ended"`, the run is over too. Null: the run is over when its process is.
   */
  readonly proof: string | null
}

interface RunLock extends LockingRun {
  readonly version: 1
  readonly host: string
  readonly pid: number
  readonly began: string | null
}

/** Names of more bytes are cut where something is named after them. */
const plainName = 200

/** How what belongs to a file of that name is told apart from the like of another: names that are cut by their digest. */
export function lockIdOf(name: string): string {
  if (Buffer.byteLength(name) <= plainName) return 'varve'
  return `varve-${hexSha256(name).slice(0, 16)}`
}

/** A lock of a filesystem without links may be read before its text is written. */
const writingMs = 10_000

const current = new AsyncLocalStorage<string>()

/** What `work` does is done for that run: its own locks do not stand in its way. */
export function inRun<T>(id: string, work: () => T): T {
  return current.run(id, work)
}

/** The file beside an image that names the run which works on it. */
export async function runLockPath(path: string): Promise<string> {
  const real = await realpath(path).catch(async () => {
    const folder = await realpath(dirname(path)).catch(() => dirname(path))
    return join(folder, basename(path))
  })
  return hiddenBeside(real, lockIdOf(basename(real)), 'lock')
}

/**
 * Takes the locks of all these images for a run, or none of them: throws `run-busy`, which names the run that has one. Repeated
 * for the same run it succeeds. Where nothing can be written there is no lock, as nobody can change an image there.
 */
export async function takeRunLocks(paths: readonly string[], run: LockingRun): Promise<void> {
  const taken: string[] = []
  try {
    for (const path of new Set(paths)) if (await takeOne(path, run)) taken.push(path)
  } catch (error) {
    await releaseRunLocks(taken, run.id)
    throw error
  }
}

/** Removes the locks that this run has on these images. */
export async function releaseRunLocks(paths: readonly string[], id: string): Promise<void> {
  for (const path of new Set(paths)) {
    const lock = await runLockPath(path)
    const text = await textOrNull(lock)
    if (text === null || parse(text)?.id !== id) continue
    await rm(lock, { force: true }).catch((error: unknown) => {
      throw writeError(error, path)
    })
  }
}

/** The run that works on the image and is not over, unless it is the one that asks; null: none. */
export async function runOf(path: string): Promise<RunUse | null> {
  const text = await textOrNull(await runLockPath(path))
  const lock = text === null ? null : parse(text)
  if (lock === null || lock.id === current.getStore()) return null
  return (await isHeld(lock)) ? await toUse(lock) : null
}

/** Whether the lock is there for the first time. */
async function takeOne(path: string, run: LockingRun): Promise<boolean> {
  const file = await runLockPath(path)
  const holder = thisProcess()
  const lock: RunLock = { version: 1, ...run, host: hostname(), ...holder }
  const text = JSON.stringify(lock)
  for (;;) {
    try {
      if (await makeLockFile(file, text)) return true
    } catch (error) {
      if (await isUnwritable(error, dirname(file))) return false
      throw error
    }
    const found = await textOrNull(file)
    const other = found === null ? null : parse(found)
    if (other === null && (await isBeingWritten(file))) throw new DiskError('run-busy', unknownRun(path))
    if (found === null) continue
    if (other !== null && other.id !== run.id && (await isHeld(other)))
      throw busyError(path, await toUse(other))
    // The same run in another process, or one that is over.
    await takeAway(file, found)
    if (other?.id === run.id && (await makeLockFile(file, text))) return false
  }
}

function unknownRun(file: string) {
  return { file, run: '?', operation: 'one that begins now', of: 'host', host: hostname() } as const
}

async function isBeingWritten(lock: string): Promise<boolean> {
  const stats = await stat(lock).catch(() => null)
  return stats !== null && Date.now() - stats.mtimeMs < writingMs
}

/** Nothing can be written there; on a disk that is full what needs room fails by itself, and what makes room is not to. */
async function isUnwritable(error: unknown, folder: string): Promise<boolean> {
  if (isDiskError(error, 'folder-missing') || isDiskError(error, 'no-space')) return true
  if (!isDiskError(error, 'not-writable')) return false
  return await access(folder, constants.W_OK).then(
    () => false,
    () => true,
  )
}

async function isHeld(lock: RunLock): Promise<boolean> {
  // Of another host nothing can be seen from here.
  if (lock.host !== hostname()) return true
  const { proof } = lock
  const isProven = proof !== null && (await isOpen(proof))
  return isProven || isHolderAlive(lock)
}

/** The end of a journal is looked at: its last entry is a line. */
const tailBytes = 64 * 1024

async function isOpen(proof: string): Promise<boolean> {
  try {
    await using file = await open(proof, 'r')
    const { size } = await file.stat()
    const tail = Buffer.alloc(Math.min(size, tailBytes))
    await file.read(tail, 0, tail.length, size - tail.length)
    return !isEnded(tail.toString('utf8'))
  } catch (error) {
    // One that may not be read is there.
    return systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR'
  }
}

function isEnded(tail: string): boolean {
  const last = tail.split('\n').findLast((line) => line.trim() !== '')
  try {
    const entry: unknown = JSON.parse(last ?? '')
    return typeof entry === 'object' && entry !== null && 'event' in entry && entry.event === 'ended'
  } catch {
    return false
  }
}

async function toUse(lock: RunLock): Promise<RunUse> {
  const { name: run, operation, of, host } = lock
  const isAtWork = host !== hostname() || isHolderAlive(lock)
  return { by: 'run', run, operation, of, host, pid: isAtWork ? lock.pid : null }
}

/** What stands in a lock; null when it is none: anybody may write files beside an image. */
function parse(text: string): RunLock | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  return isRunLock(value) ? value : null
}

function isRunLock(value: unknown): value is RunLock {
  if (typeof value !== 'object' || value === null) return false
  const members: Readonly<Record<string, unknown>> = { ...value }
  const isText = (name: string) => typeof members[name] === 'string'
  const isTextOrNull = (name: string) => members[name] === null || isText(name)
  return (
    members['version'] === 1 &&
    ['id', 'name', 'operation', 'host'].every(isText) &&
    (members['of'] === 'host' || members['of'] === 'fleet') &&
    typeof members['pid'] === 'number' &&
    ['began', 'proof'].every(isTextOrNull)
  )
}
