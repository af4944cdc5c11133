import { chmod, mkdir, open, readdir, realpath, rm, utimes, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { toHex } from '@varve/core/binary/hex'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { fingerprintOf } from '../files/file-fingerprint.ts'
import { syncPath } from '../files/sync-file.ts'
import { readError, writeError } from '../system/system-error.ts'
import { nodeHashing } from '../system/hashing.ts'
import { inodeOf } from '../quarantine/names.ts'
import type { Move } from '../quarantine/swap.ts'
import { stagedPath } from '../files/staged-name.ts'
import { writeWhole } from '../files/whole.ts'

export interface CopyOptions {
  readonly staging: string
  readonly signal: AbortSignal
  /** Told the bytes that were copied, or read back, so far, of all that there are to be. */
  readonly onBytes?: (done: number, total: number) => void
}

export interface CopiedFiles {
  readonly files: readonly Move[]
  readonly hidden: string
  readonly bytes: number
  /** BLAKE3 in hexadecimal over the names and the bytes of all files. */
  readonly digest: string
}

const pieceBytes = 4 * 1024 * 1024

/**
 * Copies files to the filesystem of their targets, into a hidden folder beside the image's target, flushes them, reads them back
 * and compares. What an earlier attempt left is removed first. Throws `source-changed`, `no-space`, `digest-mismatch`…
 */
export async function copyFiles(files: readonly Move[], options: CopyOptions): Promise<CopiedFiles> {
  const own = files.at(-1)
  if (!own) throw new RangeError('there is nothing to copy')
  const hidden = stagedPath(own.to, options.staging)
  const place = dirname(own.to)
  await removeAll(hidden)
  await mkdir(hidden).catch((error: unknown) => {
    throw writeError(error, hidden)
  })
  const plain: Pair[] = []
  for (const file of files) plain.push(...(await pairsOf(file, join(hidden, relative(place, file.to)))))
  const total = 2 * plain.reduce((sum, { size }) => sum + size, 0)
  const meter = meterOf(total, options)
  const [written, read] = [nodeHashing.startBlake3(), nodeHashing.startBlake3()]
  for (const pair of plain) await copyOne(pair, { hash: written, meter, signal: options.signal })
  for (const pair of plain) await digestOne(pair, { hash: read, meter, signal: options.signal })
  const [expected, found] = [toHex(written.digest()), toHex(read.digest())]
  if (expected !== found)
    throw new DiskError('digest-mismatch', { file: own.to, expected, found, chunk: null })
  await syncPath(hidden)
  const copies = files.map(({ to, kind }): Move => {
    const from = join(hidden, relative(place, to))
    return { from, to, kind, inode: inodeOf(from) ?? '' }
  })
  return { files: copies, hidden, bytes: total / 2, digest: found }
}

/** Removes the hidden folder of a copy; not there, it succeeds. */
export async function discardCopy(target: string, staging: string): Promise<void> {
  await removeAll(stagedPath(target, staging))
}

async function removeAll(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
    throw writeError(error, path)
  })
}

interface Pair {
  readonly from: string
  readonly to: string
  /** As it is named in the digest. */
  readonly name: string
  readonly size: number
}

/** The plain files of what is copied, with their folders made; throws `source-changed` for another file than was meant. */
async function pairsOf({ from, kind, inode }: Move, to: string): Promise<Pair[]> {
  if (inodeOf(from) !== inode)
    throw new DiskError('source-changed', { file: from, change: 'another file took its name' })
  await mkdir(dirname(to), { recursive: true }).catch((error: unknown) => {
    throw writeError(error, to)
  })
  if (kind === 'file') return [{ from, to, name: basename(to), size: await sizeOf(from) }]
  const pairs: Pair[] = []
  const entries = await readdir(from, { withFileTypes: true, recursive: true }).catch((error: unknown) => {
    throw readError(error, from)
  })
  await mkdir(to, { recursive: true })
  for (const entry of entries.toSorted((a, b) => (entryPath(a) < entryPath(b) ? -1 : 1))) {
    const path = entryPath(entry)
    const target = join(to, relative(from, path))
    if (entry.isDirectory()) await mkdir(target, { recursive: true })
    else if (entry.isFile())
      pairs.push({ from: path, to: target, name: relative(from, path), size: await sizeOf(path) })
    else
      throw new DiskError('not-readable', {
        file: path,
        reason: 'it is no file and no folder, and lies in a bundle',
      })
  }
  return pairs
}

function entryPath(entry: { parentPath: string; name: string }): string {
  return join(entry.parentPath, entry.name)
}

async function sizeOf(path: string): Promise<number> {
  await using file = await openToRead(path)
  return (await file.stat()).size
}

async function openToRead(path: string): Promise<FileHandle> {
  return await open(path, 'r').catch((error: unknown) => {
    throw readError(error, path)
  })
}

interface Work {
  readonly hash: ReturnType<typeof nodeHashing.startBlake3>
  readonly meter: (bytes: number) => void
  readonly signal: AbortSignal
}

async function copyOne({ from, to, name, size }: Pair, work: Work): Promise<void> {
  await using source = await openToRead(from)
  const before = await source.stat({ bigint: true })
  const target = await open(to, 'wx').catch((error: unknown) => {
    throw writeError(error, to)
  })
  try {
    hostFileRanges().keepHoles(target.fd, to)
    await target.truncate(size)
    await eachPiece({ file: source, name: from, size }, async (bytes, at, isData) => {
      work.signal.throwIfAborted()
      hashPiece(work, { name, at, bytes })
      if (isData) await writeWhole(target, bytes, at)
      work.meter(bytes.length)
    })
    await target.sync()
    const { size: sizeNow, modifiedMs } = fingerprintOf(await source.stat({ bigint: true }))
    const was = fingerprintOf(before)
    if (sizeNow !== was.size || modifiedMs !== was.modifiedMs)
      throw new DiskError('source-changed', { file: from, change: 'it was written to' })
  } catch (error) {
    throw isDiskError(error) ? error : writeError(error, to)
  } finally {
    await target.close()
  }
  await chmod(to, Number(before.mode) & 0o7777)
  await utimes(to, Number(before.atimeMs) / 1000, Number(before.mtimeMs) / 1000)
}

async function digestOne({ to, name, size }: Pair, work: Work): Promise<void> {
  await using file = await openToRead(to)
  await eachPiece({ file, name: to, size }, async (bytes, at) => {
    work.signal.throwIfAborted()
    hashPiece(work, { name, at, bytes })
    work.meter(bytes.length)
  })
}

const encoder = new TextEncoder()

function hashPiece(
  { hash }: Work,
  { name, at, bytes }: { name: string; at: number; bytes: Uint8Array },
): void {
  if (at === 0) hash.update(encoder.encode(`${name}\0`))
  hash.update(bytes)
}

interface Opened {
  readonly file: FileHandle
  readonly name: string
  readonly size: number
}

const zeros = new Uint8Array(pieceBytes)

/** Every byte of a file in order, a few MiB at a time; what a hole holds is not read. */
async function eachPiece(
  { file, name, size }: Opened,
  work: (bytes: Uint8Array, at: number, isData: boolean) => Promise<void>,
): Promise<void> {
  const ranges = hostFileRanges()
  const buffer = new Uint8Array(pieceBytes)
  for (let at = 0; at < size;) {
    const data = Math.min(ranges.nextData(file.fd, at) ?? size, size)
    if (data > at) {
      const length = Math.min(data - at, pieceBytes)
      await work(zeros.subarray(0, length), at, false)
      at += length
      continue
    }
    const hole = Math.min(ranges.nextHole(file.fd, at) ?? size, size)
    const length = Math.min(hole > at ? hole - at : size - at, pieceBytes)
    const { bytesRead } = await file.read(buffer, 0, length, at).catch((error: unknown) => {
      throw readError(error, name)
    })
    if (bytesRead === 0) throw new DiskError('source-changed', { file: name, change: 'it became shorter' })
    await work(buffer.subarray(0, bytesRead), at, true)
    at += bytesRead
  }
}

function meterOf(total: number, { onBytes }: CopyOptions): (bytes: number) => void {
  let done = 0
  return (bytes) => {
    done += bytes
    onBytes?.(done, total)
  }
}

/** The folder in which a new name is to be given, links resolved; throws `folder-missing`. */
export async function folderOfTarget(path: string): Promise<string> {
  return await realpath(dirname(path)).catch((error: unknown) => {
    throw writeError(error, path)
  })
}
