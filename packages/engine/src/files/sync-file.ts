import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { writeError } from '../system/system-error.ts'

/** What is asked of a system to put something on its medium. */
export interface SyncCalls {
  /** Windows writes the names in a folder by itself, and refuses to be asked. */
  readonly syncsFolders: boolean
  isFolder(path: string): Promise<boolean>
  open(path: string, flags: number): Promise<SyncHandle>
}

export interface SyncHandle {
  sync(): Promise<void>
  close(): Promise<void>
}

const hostCalls: SyncCalls = {
  syncsFolders: process.platform !== 'win32',
  isFolder: async (path) => (await stat(path)).isDirectory(),
  open: async (path, flags) => open(path, flags),
}

/** Waits until what was written to the file `path`, or the names in the folder `path`, are on the medium. */
export async function syncPath(path: string, calls: SyncCalls = hostCalls): Promise<void> {
  try {
    const isFolder = await calls.isFolder(path)
    if (isFolder && !calls.syncsFolders) return
    // Windows flushes a file only through a handle that may write to it; a folder is never opened for writing.
    const handle = await calls.open(path, isFolder ? constants.O_RDONLY : constants.O_RDWR)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw writeError(error, path)
  }
}
