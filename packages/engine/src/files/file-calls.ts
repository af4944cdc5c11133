import {
  type BigIntStats,
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readSync,
  readlinkSync,
  realpathSync,
} from 'node:fs'
import { lstat, open, readlink, realpath } from 'node:fs/promises'

type Answer<T> = T | Promise<T>

/** A file that is open for reading. */
export interface ReadableFile {
  readonly fd: number
  stat(): Answer<BigIntStats>
  /** Bytes read into `target` from byte `at`; 0 at the end. */
  read(target: Uint8Array, at: number): Answer<number>
  close(): Answer<void>
}

/** What is asked of a filesystem to open an image. */
export interface FileCalls {
  realpath(path: string): Answer<string>
  lstat(path: string): Answer<BigIntStats>
  readlink(path: string): Answer<string>
  open(path: string, flags: number): Answer<ReadableFile>
}

/** Calls that block the thread: fastest, because nothing goes to another thread and back. */
export const blockingCalls: FileCalls = {
  realpath: (path) => realpathSync.native(path),
  lstat: (path) => lstatSync(path, { bigint: true }),
  readlink: (path) => readlinkSync(path),
  open(path, flags) {
    const fd = openSync(path, flags)
    return {
      fd,
      stat: () => fstatSync(fd, { bigint: true }),
      read: (target, at) => readSync(fd, target, 0, target.length, at),
      close: () => closeSync(fd),
    }
  },
}

/** Calls that let other work of the thread go on. */
export const waitingCalls: FileCalls = {
  realpath: async (path) => realpath(path),
  lstat: async (path) => lstat(path, { bigint: true }),
  readlink: async (path) => readlink(path),
  async open(path, flags) {
    const handle = await open(path, flags)
    return {
      fd: handle.fd,
      stat: async () => handle.stat({ bigint: true }),
      read: async (target, at) => (await handle.read(target, 0, target.length, at)).bytesRead,
      close: async () => handle.close(),
    }
  },
}

/** A file that is open already, whose closing is somebody else's. */
export function openFile(fd: number, io: 'sync' | 'async'): ReadableFile {
  const readAsync = (target: Uint8Array, at: number): Promise<number> =>
    new Promise((resolve, reject) => {
      read(fd, target, 0, target.length, at, (error, count) => (error ? reject(error) : resolve(count)))
    })
  return {
    fd,
    stat: () => fstatSync(fd, { bigint: true }),
    read: io === 'sync' ? (target, at) => readSync(fd, target, 0, target.length, at) : readAsync,
    close() {},
  }
}
