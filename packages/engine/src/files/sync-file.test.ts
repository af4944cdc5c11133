import { constants } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type SyncCalls, syncPath } from './sync-file.ts'

interface Fake {
  readonly calls: SyncCalls
  readonly synced: string[]
  /** Handles that are open. */
  readonly open: Set<string>
}

/** A system with one file and one folder: `windows` as FlushFileBuffers behaves there, `posix` as fsync(2). */
function fakeSystem(kind: 'windows' | 'posix'): Fake {
  const synced: string[] = []
  const open = new Set<string>()
  const refuse = (code: string) => Object.assign(new Error(`${code}: operation not permitted`), { code })
  return {
    synced,
    open,
    calls: {
      syncsFolders: kind === 'posix',
      isFolder: async (path) => path === 'folder',
      async open(path, flags) {
        const mayWrite = (flags & (constants.O_RDWR | constants.O_WRONLY)) !== 0
        if (path === 'folder' && (mayWrite || kind === 'windows')) throw refuse(mayWrite ? 'EISDIR' : 'EPERM')
        open.add(path)
        return {
          async sync() {
            if (kind === 'windows' && !mayWrite) throw refuse('EPERM')
            synced.push(path)
          },
          async close() {
            open.delete(path)
          },
        }
      },
    },
  }
}

describe('syncPath', () => {
  test('a file is flushed through a handle that may write, as Windows wants it', async () => {
    const { calls, synced, open } = fakeSystem('windows')
    await syncPath('file', calls)
    expect(synced).toEqual(['file'])
    expect(open.size).toBe(0)
  })

  test('a folder is not flushed on Windows, which refuses it, and is elsewhere', async () => {
    const windows = fakeSystem('windows')
    await syncPath('folder', windows.calls)
    expect(windows.synced).toEqual([])
    const posix = fakeSystem('posix')
    await syncPath('folder', posix.calls)
    await syncPath('file', posix.calls)
    expect(posix.synced).toEqual(['folder', 'file'])
  })

  test('what a system refuses is told with its file, and the handle is closed', async () => {
    const { calls, open } = fakeSystem('posix')
    const failing: SyncCalls = {
      ...calls,
      open: async (path, flags) => ({
        ...(await calls.open(path, flags)),
        sync: async () => {
          throw Object.assign(new Error('EDQUOT: quota exceeded'), { code: 'EDQUOT' })
        },
      }),
    }
    await expect(syncPath('file', failing)).rejects.toMatchObject({ code: 'no-space', file: 'file' })
    expect(open.size).toBe(0)
  })
})
