import { wholeOf } from '@varve/core/binary/byte-source'
import type { ImageFile } from '@varve/core/image/image-files'
import type { PackedContent } from '@varve/core/image/image-files'
import { openFile } from '../files/file-calls.ts'
import type { FileRanges } from '../file-ranges/file-ranges.ts'
import { fileSource } from '../files/file-source.ts'
import { unpackToFile, type UnpackedFile } from './unpacked-file.ts'

/** What one thread has unpacked, for the others of the program: descriptors are valid in all of them. */
export interface SharedUnpacked {
  readonly key: string
  readonly fd: number
  readonly size: number
}

/** How long a temporary file is kept that nobody reads: a command opens its image several times. */
const idleMs = 10_000

interface Kept {
  readonly file: Promise<UnpackedFile>
  users: number
  timer: NodeJS.Timeout | null
}

/** What this thread has unpacked, by what it was unpacked from. */
const kept = new Map<string, Kept>()

export interface UnpackerOptions {
  readonly io: 'sync' | 'async'
  readonly ranges: FileRanges
  /** What another thread has unpacked already, and keeps open. */
  readonly shared?: readonly SharedUnpacked[] | undefined
}

/** Unpacks a packed content, once in this thread however often it is asked for. */
export async function unpackOnce(
  content: PackedContent,
  { io, ranges, shared = [] }: UnpackerOptions,
  signal: AbortSignal | undefined,
): Promise<{ readonly file: ImageFile; readonly shared: SharedUnpacked }> {
  const key = keyOf(content)
  const known = shared.find((each) => each.key === key)
  if (known) return { shared: known, file: describe(content, { ...known, io, ranges, async release() {} }) }
  const { fd, size, release } = await borrow(key, content, signal)
  return { shared: { key, fd, size }, file: describe(content, { fd, size, io, ranges, release }) }
}

function keyOf({ file, source, packing }: PackedContent): string {
  const { start } = wholeOf(source)
  return JSON.stringify([file.path, file.fingerprint, packing, source.name, start, source.size])
}

async function borrow(key: string, content: PackedContent, signal: AbortSignal | undefined) {
  const entry = kept.get(key) ?? { file: unpackToFile(content, signal), users: 0, timer: null }
  kept.set(key, entry)
  entry.users += 1
  if (entry.timer) clearTimeout(entry.timer)
  entry.timer = null
  let isReleased = false
  const release = async (): Promise<void> => {
    if (isReleased) return
    isReleased = true
    entry.users -= 1
    if (entry.users > 0) return
    entry.timer = setTimeout(() => {
      if (kept.get(key) === entry) kept.delete(key)
      void entry.file.then(async ({ handle }) => handle.close())
    }, idleMs)
    entry.timer.unref()
  }
  try {
    const { handle, size } = await entry.file
    return { fd: handle.fd, size, release }
  } catch (error) {
    if (kept.get(key) === entry) kept.delete(key)
    throw error
  }
}

interface Opened {
  readonly fd: number
  readonly size: number
  readonly io: 'sync' | 'async'
  readonly ranges: FileRanges
  readonly release: () => Promise<void>
}

function describe(
  { file, source, packing }: PackedContent,
  { fd, size, io, ranges, release }: Opened,
): ImageFile {
  const { path, allocated, fingerprint } = file
  return {
    path,
    source: fileSource({ file: openFile(fd, io), name: path, size, ranges }),
    allocated,
    fingerprint,
    packed: { by: packing, size: source.size },
    [Symbol.asyncDispose]: release,
  }
}
