import { findWriters } from '@varve/engine/in-use/find-writers'
import { DiskError } from '@varve/core/problems/disk-error'
import { isQuarantine } from '@varve/engine/quarantine/entry'
import { readError, systemCode } from '@varve/engine/system/system-error'
import { namesGiven } from '@varve/engine/staging/publish-parts'
import { stagedName } from '@varve/engine/files/staged-name'
import type { OpenWriters } from '@varve/engine/in-use/writers'
import type { Dirent } from 'node:fs'
import { lstat, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a command, a pull or an unpacking left that did not come to its end. */
export interface Leftover {
  readonly path: string
  readonly kind: 'command' | 'run' | 'migration' | 'unpacked'
  readonly bytes: number
  /** ISO 8601, of the last write. */
  readonly modified: string
  /** The process that made it, where its name says so. */
  readonly pid: number | null
  /** The run of this host that staged it, where one is known. */
  readonly run: string | null
  /**
   * `removable`: nobody needs it; `running`: somebody may; `run`: a run of this host that is not over goes on with it;
   * `migration`: a migration that goes on would begin anew.
   */
  readonly state: 'removable' | 'running' | 'run' | 'migration'
  /** Files that got their names although their image did not. */
  readonly visible: readonly string[]
}

/** A run that stages images. */
export interface StagingRun {
  readonly id: string
  readonly isOver: boolean
}

/** The run that gave a staging this id; null: none that is known here. */
export type StagingRuns = (staging: string) => StagingRun | null

const commandPart = /^\..+\.p(?<pid>\d{1,10})-[0-9a-f]{8}\.part$/u
/** Before the process was part of the name. */
const oldCommandPart = /^\..+\.[0-9a-f]{8}\.part$/u
/** The id that a run gives what it stages. */
const stagedByRun = /^[0-9a-f]{12}$/u
const unpacked = /^varve-[0-9a-f-]{36}\.unpacked$/u
/** A name that tells no process is left alone as long as it was written to lately. */
const settledMs = 3_600_000
const deepest = 64

/** Everything below `folder` that was left, with the runs that it belongs to, and what is left in the folders of temporary files. Links are not followed. */
export async function findLeftovers(
  folder: string,
  runOf: StagingRuns = () => null,
): Promise<readonly Leftover[]> {
  const openers = await findWriters({ descriptors: 'all', locks: 'all' })
  const known = { openers, runOf }
  const found: Leftover[] = []
  const here = await namesOf(folder)
  const waiting = [{ folder, entries: here, depth: 0 }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const entry of next.entries) {
      const path = join(next.folder, entry.name)
      const isPart = stagedName.test(entry.name) && (entry.isFile() || entry.isDirectory())
      if (isPart) found.push(await leftoverOf(path, entry.name, known))
      // What lies in a quarantine is kept on purpose.
      else if (entry.isDirectory() && !isQuarantine(path) && next.depth < deepest)
        waiting.push({ folder: path, entries: await namesOf(path).catch(() => []), depth: next.depth + 1 })
    }
  }
  for (const place of new Set([tmpdir(), '/var/tmp'])) {
    for (const entry of await namesOf(place).catch(() => []))
      if (entry.isFile() && unpacked.test(entry.name))
        found.push(await leftoverOf(join(place, entry.name), entry.name, known))
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Removes the leftover, and the names that a publication gave before it was killed. */
export async function removeLeftover({ path, visible }: Leftover): Promise<void> {
  for (const name of visible) await rm(name, { force: true })
  await rm(path, { recursive: true, force: true })
}

async function namesOf(folder: string): Promise<Dirent[]> {
  return await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOTDIR')
      throw new DiskError('not-readable', { file: folder, reason: 'it is not a folder' })
    throw readError(error, folder)
  })
}

interface Known {
  readonly openers: OpenWriters
  readonly runOf: StagingRuns
}

async function leftoverOf(path: string, name: string, { openers, runOf }: Known): Promise<Leftover> {
  const files = await filesIn(path)
  const bytes = files.reduce((sum, { size }) => sum + Number(size), 0)
  const modifiedMs = files.reduce((latest, { mtimeMs }) => Math.max(latest, Number(mtimeMs)), 0)
  const pid = Number(commandPart.exec(name)?.groups?.['pid'] ?? 0) || null
  const run = runOf(stagedName.exec(name)?.groups?.['staging'] ?? '')
  const kind = kindOf(name, { pid, isOfRun: run !== null })
  const about = { pid, kind, run, isSettled: Date.now() - modifiedMs >= settledMs }
  const state = files.some((file) => openers.of(file).length > 0) ? 'running' : stateOf(about)
  const modified = new Date(modifiedMs).toISOString()
  return { path, kind, bytes, modified, pid, run: run?.id ?? null, state, visible: await namesGiven(path) }
}

function kindOf(name: string, { pid, isOfRun }: { pid: number | null; isOfRun: boolean }): Leftover['kind'] {
  if (unpacked.test(name)) return 'unpacked'
  if (pid !== null || oldCommandPart.test(name)) return 'command'
  const staging = stagedName.exec(name)?.groups?.['staging'] ?? ''
  return isOfRun || stagedByRun.test(staging) ? 'run' : 'migration'
}

interface AboutState extends Pick<Leftover, 'pid' | 'kind'> {
  readonly run: StagingRun | null
  readonly isSettled: boolean
}

function stateOf({ pid, kind, run, isSettled }: AboutState): Leftover['state'] {
  if (run !== null) return run.isOver ? 'removable' : 'run'
  const isNeeded = pid === null ? !isSettled : isAlive(pid)
  if (isNeeded) return 'running'
  return kind === 'migration' ? 'migration' : 'removable'
}

async function filesIn(path: string) {
  const stats = await lstat(path, { bigint: true }).catch(() => null)
  if (stats === null) return []
  if (!stats.isDirectory()) return [stats]
  const names = await readdir(path, { recursive: true }).catch(() => [])
  const all = [stats]
  for (const name of names) {
    const inner = await lstat(join(path, name), { bigint: true }).catch(() => null)
    if (inner?.isFile()) all.push(inner)
  }
  return all
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process cannot be asked, but it is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
