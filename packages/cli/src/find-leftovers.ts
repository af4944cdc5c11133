import { findWriters } from '@varve/engine/in-use/find-writers'
import { DiskError } from '@varve/core/problems/disk-error'
import { isQuarantine } from '@varve/engine/quarantine/entry'
import { readError, systemCode } from '@varve/engine/files/system-error'
import type { OpenWriters } from '@varve/engine/in-use/writers'
import type { Dirent } from 'node:fs'
import { lstat, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readJournal } from './publishing-journal.ts'

/** What a command, a pull or an unpacking left that did not come to its end. */
export interface Leftover {
  readonly path: string
  readonly kind: 'command' | 'migration' | 'unpacked'
  readonly bytes: number
  /** ISO 8601, of the last write. */
  readonly modified: string
  /** The process that made it, where its name says so. */
  readonly pid: number | null
  /** `removable`: nobody needs it; `running`: somebody may; `migration`: a migration that goes on would begin anew. */
  readonly state: 'removable' | 'running' | 'migration'
  /** Files that got their names although their image did not. */
  readonly visible: readonly string[]
}

const commandPart = /^\..+\.p(?<pid>\d{1,10})-[0-9a-f]{8}\.part$/u
/** Before the process was part of the name. */
const oldCommandPart = /^\..+\.[0-9a-f]{8}\.part$/u
const anyPart = /^\..+\.[\w-]{1,64}\.part$/u
const unpacked = /^varve-[0-9a-f-]{36}\.unpacked$/u
/** A name that tells no process is left alone as long as it was written to lately. */
const settledMs = 3_600_000
const deepest = 64

/** Everything below `folder` that was left, and what is left in the folders of temporary files. Links are not followed. */
export async function findLeftovers(folder: string): Promise<readonly Leftover[]> {
  const openers = await findWriters({ descriptors: 'all', locks: 'all' })
  const found: Leftover[] = []
  const here = await namesOf(folder)
  const waiting = [{ folder, entries: here, depth: 0 }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const entry of next.entries) {
      const path = join(next.folder, entry.name)
      const isPart = anyPart.test(entry.name) && (entry.isFile() || entry.isDirectory())
      if (isPart) found.push(await leftoverOf(path, entry.name, openers))
      // What lies in a quarantine is kept on purpose.
      else if (entry.isDirectory() && !isQuarantine(path) && next.depth < deepest)
        waiting.push({ folder: path, entries: await namesOf(path).catch(() => []), depth: next.depth + 1 })
    }
  }
  for (const place of new Set([tmpdir(), '/var/tmp'])) {
    for (const entry of await namesOf(place).catch(() => []))
      if (entry.isFile() && unpacked.test(entry.name))
        found.push(await leftoverOf(join(place, entry.name), entry.name, openers))
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

async function leftoverOf(path: string, name: string, openers: OpenWriters): Promise<Leftover> {
  const files = await filesIn(path)
  const bytes = files.reduce((sum, { size }) => sum + Number(size), 0)
  const modifiedMs = files.reduce((latest, { mtimeMs }) => Math.max(latest, Number(mtimeMs)), 0)
  const pid = Number(commandPart.exec(name)?.groups?.['pid'] ?? 0) || null
  const kind = unpacked.test(name)
    ? 'unpacked'
    : pid !== null || oldCommandPart.test(name)
      ? 'command'
      : 'migration'
  const isNeeded = pid === null ? Date.now() - modifiedMs < settledMs : isAlive(pid)
  const isOpen = files.some((file) => openers.of(file).length > 0)
  const state = isNeeded || isOpen ? 'running' : kind === 'migration' ? 'migration' : 'removable'
  const modified = new Date(modifiedMs).toISOString()
  return { path, kind, bytes, modified, pid, state, visible: await visibleOf(path) }
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

/** The files that a killed publication had given their names, unless the image got its own: then it is whole. */
async function visibleOf(path: string): Promise<readonly string[]> {
  const journal = await readJournal(path)
  if (journal === null) return []
  const given: string[] = []
  for (const { name, file } of journal.names) {
    const finalPath = join(path, '..', name)
    const stats = await lstat(finalPath, { bigint: true }).catch(() => null)
    if (stats && `${stats.dev}:${stats.ino}` === file) given.push(finalPath)
  }
  return given.length === journal.names.length ? [] : given
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
