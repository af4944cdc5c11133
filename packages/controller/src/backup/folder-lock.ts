import { join } from 'node:path'
import Database from 'better-sqlite3'

/** Takes a lock that ends with this process, however that ends; null: another process has it. */
export function takeLock(path: string): Disposable | null {
  const lock = new Database(path, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')) return null
    throw error
  }
  return { [Symbol.dispose]: () => lock.close() }
}

/** The lock that a controller holds on its data folder. */
export function controllerLock(folder: string): string {
  return join(folder, 'lock.sqlite')
}
