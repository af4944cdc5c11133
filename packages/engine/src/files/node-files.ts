import { type BigIntStats, constants } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { resolve as resolvePath } from 'node:path'
import { resolveReference } from '@varve/core/image/resolve-reference'
import type { HostPlace, ImageFile, ImageFiles } from '@varve/core/image/image-files'
import { DiskError } from '@varve/core/problems/disk-error'
import type { FileRanges } from '../file-ranges/file-ranges.ts'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { assertDownloaded } from './dataless.ts'
import { type FileCalls, type ReadableFile, blockingCalls, waitingCalls } from './file-calls.ts'
import { fingerprintOf } from './file-fingerprint.ts'
import { fileSource } from './file-source.ts'
import { inFolder } from './held-folder.ts'
import { type LibraryRoots, libraryRoots } from './library-roots.ts'
import { pathOfOpen } from './path-of-open.ts'
import { readError, systemCode } from '../system/system-error.ts'

export interface NodeFilesOptions {
  /** Nothing outside these folders is opened, symlinks resolved; null: no limit. */
  readonly roots: readonly string[] | null
  /** How files are opened and read: `sync` for threads without other work, `async` (the default) where it goes on. */
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
  const calls = io === 'sync' ? blockingCalls : waitingCalls
  const rules = process.platform === 'win32' ? 'windows' : 'posix'
  return {
    async open(path) {
      const { file, stats } = await openChecked(path, { library, calls })
      try {
        return describeFile(file, { path, stats, ranges })
      } catch (error) {
        await file.close()
        throw readError(error, path)
      }
    },
    resolve: (from, reference) => resolveReference(reference, { from, rules }),
    async list(folder) {
      try {
        return await inFolder(folder, roots, async ({ path }) => {
          const names: string[] = []
          for await (const { name } of await opendir(path)) {
            if (names.push(name) >= listLimit) break
          }
          return names.sort()
        })
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

interface Checked {
  readonly file: ReadableFile
  readonly stats: BigIntStats
}

interface Checks {
  readonly library: LibraryRoots
  readonly calls: FileCalls
}

/** Opens what `path` means without ever touching a pipe, a socket, a terminal or a place outside the library. */
async function openChecked(path: string, { library, calls }: Checks): Promise<Checked> {
  if (!path.isWellFormed() || path.includes('\uFFFD')) throw new DiskError('name-not-utf8', { file: path })
  let file: ReadableFile | null = null
  try {
    const real = await calls.realpath(resolvePath(path))
    library.assertInside(real, path)
    assertDownloaded(real)
    assertImageKind(await calls.lstat(real), path)
    file = await calls.open(real, openFlags)
    const stats = await file.stat()
    assertImageKind(stats, path)
    library.assertInside(await openedPath(file, { real, calls }), path)
    return { file, stats }
  } catch (error) {
    await file?.close()
    if (systemCode(error) === 'ENOENT') assertDownloaded(resolvePath(path))
    throw readError(error, path)
  }
}

/** Where the open file really is: a folder on the way to it may have become a symlink in the meantime. */
async function openedPath(
  file: ReadableFile,
  { real, calls }: { readonly real: string; readonly calls: FileCalls },
): Promise<string> {
  if (process.platform === 'linux') return calls.readlink(pathOfOpen(file.fd))
  const again = await calls.realpath(real)
  const [opened, there] = [await file.stat(), await calls.lstat(again)]
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
  readonly stats: BigIntStats
  readonly ranges: FileRanges
}

function describeFile(file: ReadableFile, { path, stats, ranges }: Description): ImageFile {
  const isDevice = stats.isBlockDevice()
  const size = isDevice ? ranges.deviceSize(file.fd) : Number(stats.size)
  if (size === null || !Number.isSafeInteger(size)) {
    throw new DiskError('not-an-image', { file: path, reason: 'the size of this device is not known' })
  }
  const allocated = isDevice ? null : Number(stats.blocks) * statBlock
  const mayHaveHoles = allocated !== null && allocated < size
  return {
    path,
    source: fileSource({ file, name: path, size, ranges: mayHaveHoles ? ranges : null }),
    allocated,
    fingerprint: fingerprintOf(stats),
    async [Symbol.asyncDispose]() {
      await file.close()
    },
  }
}
