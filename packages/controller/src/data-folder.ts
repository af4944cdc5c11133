import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'

/** A start that cannot be, said in one sentence for people. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** The folder with everything the controller writes; nobody else uses it while it is open. */
export interface DataFolder {
  readonly inventory: string
  readonly workflows: string
  readonly trust: string
  readonly people: string
  readonly manifests: string
  /** The last line of the audit log when it was signed last. */
  readonly auditHead: string
  release(): void
}

/** Makes and locks the folder; throws `StartError`. The lock is one of SQLite's: it ends with the process, however that ends. */
export function openDataFolder(path: string): DataFolder {
  const lock = acquire(path)
  closeToOthers(path)
  return {
    inventory: join(path, 'inventory.sqlite'),
    workflows: join(path, 'workflows.sqlite'),
    trust: join(path, 'trust.sqlite'),
    people: join(path, 'people.sqlite'),
    manifests: join(path, 'manifests'),
    auditHead: join(path, 'audit.head'),
    release() {
      lock.close()
    },
  }
}

/** What the controller keeps is for its own user only: tokens, names of hosts and people, what their disks hold. */
function closeToOthers(path: string): void {
  if (process.platform === 'win32') return
  try {
    chmodSync(path, 0o700)
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isFile()) chmodSync(join(path, entry.name), 0o600)
  } catch (error) {
    throw new StartError(reasonOf(error, path))
  }
}

function acquire(path: string): Database.Database {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const lock = new Database(join(path, 'lock.sqlite'), { timeout: 0 })
    try {
      lock.exec('BEGIN EXCLUSIVE')
    } catch (error) {
      lock.close()
      throw error
    }
    return lock
  } catch (error) {
    throw new StartError(reasonOf(error, path))
  }
}

function reasonOf(error: unknown, path: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('SQLITE_BUSY'))
    return `Another controller uses the data directory ${path}: stop it, or choose another one with --data.`
  if (code === 'ENOSPC' || code === 'SQLITE_FULL') return `The disk of the data directory ${path} is full.`
  return `The data directory ${path} cannot be used: ${error instanceof Error ? error.message : String(error)}.`
}
