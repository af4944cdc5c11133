import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open, opendir, readlink, realpath } from 'node:fs/promises'
import { resolve as resolvePath } from 'node:path'
import { resolveReference } from '@varve/core/formats/resolve-reference'
import type { HostPlace, ImageFile, ImageFiles } from '@varve/core/formats/image-files'
import { DiskError } from '@varve/core/problems/disk-error'
import type { FileRanges } from '../file-ranges/file-ranges.ts'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { fingerprintOf } from './file-fingerprint.ts'
import { fileSource } from './file-source.ts'
import { type LibraryRoots, libraryRoots } from './library-roots.ts'
import { readError } from './system-error.ts'

export interface NodeFilesOptions {
  /** Nothing outside these folders is opened, symlinks resolved; null: no limit. */
  readonly roots: readonly string[] | null
  /** How reads are made: `sync` for worker threads, `async` (the default) where other work goes on. */
  readonly io?: 'sync' | 'async'
  readonly ranges?: FileRanges
}

/** Bytes per block in what stat(2) says about allocation. */
const statBlock = 512
/** Names given for one folder at most. */
const listLimit = 10_000

// Without O_NONBLOCK, opening a named pipe waits for its writer.
const openFlags =
  constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0) | (constants.O_NOCTTY ?? 0)

/** The image files of this host: regular files and block devices, opened for reading only. */
export function nodeFiles({ roots, io = 'async', ranges = hostFileRanges() }: NodeFilesOptions): ImageFiles {
  const library = libraryRoots(roots)
  const rules = process.platform === 'win32' ? 'windows' : 'posix'
  return {
    async open(path) {
      const handle = await openChecked(path, library)
      try {
        return await describeFile(handle, { path, io, ranges })
      } catch (error) {
        await handle.close()
        throw readError(error, path)
      }
    },
    resolve: (from, reference) => resolveReference(reference, { from, rules }),
    async list(folder) {
      try {
        library.assertInside(await realpath(folder), folder)
        const names: string[] = []
        for await (const { name } of await opendir(folder)) {
          if (names.push(name) >= listLimit) break
        }
        return names.sort()
      } catch {
        return []
      }
    },
    async place(path) {
      return placeOf(ranges, path)
    },
  }
}

async function placeOf(ranges: FileRanges, path: string): Promise<HostPlace> {
  try {
    return ranges.filesystemOf(path)
  } catch (error) {
    throw readError(error, path)
  }
}

/** Opens what `path` means without ever touching a pipe, a socket, a terminal or a place outside the library. */
async function openChecked(path: string, library: LibraryRoots): Promise<FileHandle> {
  if (!path.isWellFormed() || path.includes('\uFFFD')) throw new DiskError('name-not-utf8', { file: path })
  let handle: FileHandle | null = null
  try {
    const real = await realpath(resolvePath(path))
    library.assertInside(real, path)
    assertImageKind(await lstat(real, { bigint: true }), path)
    handle = await open(real, openFlags)
    assertImageKind(await handle.stat({ bigint: true }), path)
    library.assertInside(await openedPath(handle, real), path)
    return handle
  } catch (error) {
    await handle?.close()
    throw readError(error, path)
  }
}

/** Where the open file really is: a folder on the way to it may have become a symlink in the meantime. */
async function openedPath(handle: FileHandle, real: string): Promise<string> {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${handle.fd}`)
  const again = await realpath(real)
  const [opened, there] = [await handle.stat({ bigint: true }), await lstat(again, { bigint: true })]
  if (opened.ino === there.ino && opened.dev === there.dev) return again
  throw new DiskError('source-changed', { file: real, change: 'another file took its name' })
}

function assertImageKind(stats: BigIntStats, file: string): void {
  if (stats.isFile() || stats.isBlockDevice()) return
  const kinds: readonly (readonly [boolean, string])[] = [
    [stats.isDirectory(), 'a folder'],
    [stats.isFIFO(), 'a named pipe'],
    [stats.isSocket(), 'a socket'],
    [stats.isCharacterDevice(), 'a character device'],
  ]
  const kind = kinds.find(([isThat]) => isThat)?.[1] ?? 'something else than a file'
  throw new DiskError('not-an-image', { file, reason: `it is ${kind}` })
}

interface Description {
  readonly path: string
  readonly io: 'sync' | 'async'
  readonly ranges: FileRanges
}

async function describeFile(handle: FileHandle, { path, io, ranges }: Description): Promise<ImageFile> {
  const stats = await handle.stat({ bigint: true })
  const isDevice = stats.isBlockDevice()
  const size = isDevice ? ranges.deviceSize(handle.fd) : Number(stats.size)
  if (size === null || !Number.isSafeInteger(size)) {
    throw new DiskError('not-an-image', { file: path, reason: 'the size of this device is not known' })
  }
  const allocated = isDevice ? null : Number(stats.blocks) * statBlock
  const mayHaveHoles = allocated !== null && allocated < size
  return {
    path,
    source: fileSource({ handle, name: path, size, io, ranges: mayHaveHoles ? ranges : null }),
    allocated,
    fingerprint: fingerprintOf(stats),
    async [Symbol.asyncDispose]() {
      await handle.close()
    },
  }
}
