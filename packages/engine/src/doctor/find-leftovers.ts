import type { RunPlace } from '@varve/core/problems/use'
import { lstat, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { runOf } from '../in-use/run-locks.ts'
import { findWriters } from '../in-use/find-writers.ts'
import type { OpenWriters } from '../in-use/writers.ts'
import { namedBy, stagedName } from '../files/staged-name.ts'
import { namesGiven } from '../staging/publish-parts.ts'
import { entriesOf, findRemains } from './find-remains.ts'

/** What a command, a pull or an unpacking left that did not come to its end. */
export interface Leftover {
  readonly path: string
  readonly kind: 'command' | 'run' | 'migration' | 'unpacked'
  readonly bytes: number
  /** ISO 8601, of the last write. */
  readonly modified: string
  /** The process that made it, where its name says so. */
  readonly pid: number | null
  /** The run that staged it, where one is known. */
  readonly run: string | null
  /** Whether that is a run of this host or of the fleet. */
  readonly runOf: RunPlace | null
  /**
   * `removable`: nobody needs it; `running`: somebody may; `run`: a run that is not over goes on with it;
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
  readonly of: RunPlace
}

/** The run that gave a staging this id; null: none that is known here. */
export type StagingRuns = (staging: string) => StagingRun | null

const commandPart = /^\..+\.p(?<pid>\d{1,10})-[0-9a-f]{8}\.part$/u
/** Before the process was part of the name. */
const oldCommandPart = /^\..+\.[0-9a-f]{8}\.part$/u
/** The id that a run gives what it stages; `-tool`: the folder in which a program writes it, `-vhdx`: what Windows has as a disk meanwhile. */
const stagedByRun = /^[0-9a-f]{12}(?:-tool|-vhdx)?$/u
const ofTool = /-tool$/u
const unpacked = /^varve-[0-9a-f-]{36}\.unpacked$/u
/** A name that tells no process is left alone as long as it was written to lately. */
const settledMs = 3_600_000

/** Everything below `folder` that was left, with the runs that it belongs to, and what is left in the folders of temporary files. Links are not followed. */
export async function findLeftovers(
  folder: string,
  runOfStaging: StagingRuns = () => null,
): Promise<readonly Leftover[]> {
  const { staged } = await findRemains(folder)
  const temporary: string[] = []
  for (const place of new Set([tmpdir(), '/var/tmp'])) {
    for (const entry of await entriesOf(place).catch(() => []))
      if (entry.isFile() && unpacked.test(entry.name)) temporary.push(join(place, entry.name))
  }
  return await lookAtStaged([...staged, ...temporary], runOfStaging)
}

/** What is known of files and bundles without their names, by their paths. */
export async function lookAtStaged(
  paths: readonly string[],
  runOfStaging: StagingRuns,
): Promise<readonly Leftover[]> {
  if (paths.length === 0) return []
  const known = {
    openers: await findWriters({ descriptors: 'all', locks: 'all', named: paths }),
    runOfStaging,
  }
  const found: Leftover[] = []
  for (const path of paths) found.push(await leftoverOf(path, known))
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Removes the leftover, and the names that a publication gave before it was killed. */
export async function removeLeftover({ path, visible }: Leftover): Promise<void> {
  for (const name of visible) await rm(name, { force: true })
  await rm(path, { recursive: true, force: true })
}

interface Known {
  readonly openers: OpenWriters
  readonly runOfStaging: StagingRuns
}

async function leftoverOf(path: string, { openers, runOfStaging }: Known): Promise<Leftover> {
  const name = basename(path)
  const files = await filesIn(path)
  const bytes = files.reduce((sum, { size }) => sum + Number(size), 0)
  const modifiedMs = files.reduce((latest, { mtimeMs }) => Math.max(latest, Number(mtimeMs)), 0)
  const pid = Number(commandPart.exec(name)?.groups?.['pid'] ?? 0) || null
  const staging = stagedName.exec(name)?.groups?.['staging'] ?? ''
  const run = runOfStaging(staging.replace(ofTool, '')) ?? (await runOfTarget(path, staging))
  const kind = kindOf(name, { pid, isOfRun: run !== null })
  const about = { pid, kind, run, isSettled: Date.now() - modifiedMs >= settledMs }
  const state = files.some((file) => openers.of(file).length > 0) ? 'running' : stateOf(about)
  const modified = new Date(modifiedMs).toISOString()
  const ofRun = { run: run?.id ?? null, runOf: run?.of ?? null }
  return { path, kind, bytes, modified, pid, ...ofRun, state, visible: await namesGiven(path) }
}

/** The run, of this host or of the fleet, that has locked the image which this is to become. */
async function runOfTarget(path: string, staging: string): Promise<StagingRun | null> {
  if (!stagedByRun.test(staging)) return null
  const use = await runOf(namedBy(path))
  return use && { id: use.run, isOver: false, of: use.of }
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
