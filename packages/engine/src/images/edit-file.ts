import { type FileHandle, open, realpath, rm } from 'node:fs/promises'
import { constants } from 'node:fs'
import type { FileWrite } from '@varve/core/image/disk-writer'
import type { ImageFile } from '@varve/core/image/image-files'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { readError, writeError } from '../system/system-error.ts'
import { assertNoUse } from '../in-use/find-uses.ts'
import { hiddenBeside } from '../files/staged-name.ts'
import { nodePorts } from '../ports/ports.ts'
import { readBackup, type RepairBackup, writeBackup } from './repair-backup.ts'
import { writeWhole } from '../files/whole.ts'

export interface EditOptions {
  readonly roots: readonly string[] | null
  /** Where every byte that is overwritten is kept; must not exist. */
  readonly undoFile: string
}

/** Where an edit of that id keeps what it overwrites: hidden, beside the image. */
export function undoFilePath(path: string, id: string): string {
  return hiddenBeside(path, id, 'undo')
}

/** Throws `in-use` or `run-busy`: who only reads must not see the image change either. */
export async function assertUnused(path: string): Promise<void> {
  await assertNoUse([{ path }], { purpose: 'change' })
}

/**
 * Overwrites bytes of an image in place; every byte that goes is in the undo file and on the medium before. Refused while
 * anybody has the image open, or when it changed since `file` was opened.
 */
export async function editFile(
  file: ImageFile,
  writes: readonly FileWrite[],
  { undoFile }: Pick<EditOptions, 'undoFile'>,
): Promise<void> {
  const { path } = file
  const backup = await backupOf(file, writes)
  await writeBackup(undoFile, backup)
  await assertUnchanged([file])
  await assertUnused(path)
  await overwrite(path, {
    writes: backup.records.map(({ at, after }) => ({ at, bytes: after })),
    size: backup.sizeAfter,
    inode: file.fingerprint.inode,
  })
}

/**
 * Finishes an edit that a death cut off: false when it had not begun, because its undo file is not there or not whole.
 * Refused when the image was written to since.
 */
export async function finishEdit(path: string, { roots, undoFile }: EditOptions): Promise<boolean> {
  const backup = await readIfWhole(undoFile)
  if (backup === null) return false
  await assertUnused(path)
  await using file = await nodePorts({ roots }).files.open(path)
  await assertOfBackup(file, backup)
  await overwrite(path, {
    writes: backup.records.map(({ at, after }) => ({ at, bytes: after })),
    size: backup.sizeAfter,
    inode: file.fingerprint.inode,
  })
  return true
}

/** Puts back what an edit overwrote; refused when the image was written to since. */
export async function undoEdit(path: string, { roots, undoFile }: EditOptions): Promise<void> {
  const backup = await readBackup(undoFile)
  await assertUnused(path)
  await using file = await nodePorts({ roots }).files.open(path)
  await assertOfBackup(file, backup)
  await overwrite(path, {
    writes: backup.records.map(({ at, before }) => ({ at, bytes: before })),
    size: backup.sizeBefore,
    inode: file.fingerprint.inode,
  })
}

/** Puts back what an edit overwrote and removes its undo file; nothing is done where there is none, or where it is not whole. */
export async function takeBackEdit(path: string, options: EditOptions): Promise<void> {
  if ((await readIfWhole(options.undoFile)) !== null) await undoEdit(path, options)
  await rm(options.undoFile, { force: true }).catch((error: unknown) => {
    throw writeError(error, options.undoFile)
  })
}

/** The undo file; null when it is not there, or was cut off, and then nothing of the image was written. */
export async function readIfWhole(undoFile: string): Promise<RepairBackup | null> {
  try {
    return await readBackup(undoFile)
  } catch (error) {
    if (isDiskError(error, 'not-found') || isDiskError(error, 'corrupt')) return null
    throw error
  }
}

async function assertOfBackup(file: ImageFile, backup: RepairBackup): Promise<void> {
  const { size } = file.source
  // A death may have come between two of the writes.
  const isOfBackup =
    size >= Math.min(backup.sizeBefore, backup.sizeAfter) &&
    size <= Math.max(backup.sizeBefore, backup.sizeAfter)
  if (isOfBackup && (await isAsEdited(file, backup))) return
  throw new DiskError('refused', {
    file: file.path,
    reason: 'it is not the image that was changed, or it was written to since',
    remedy: 'Nothing was changed. Give the image and the undo file that belong together.',
  })
}

/** Whether every byte is what the edit wrote, or still or again what was there before: a death may have cut a write. */
async function isAsEdited({ source }: ImageFile, { records }: RepairBackup): Promise<boolean> {
  for (const { at, before, after } of records) {
    const now = new Uint8Array(Math.max(0, Math.min(after.length, source.size - at)))
    if (now.length > 0) await source.readInto(now, at)
    if (now.some((byte, index) => byte !== after[index] && byte !== (before[index] ?? 0))) return false
  }
  return true
}

async function backupOf(file: ImageFile, writes: readonly FileWrite[]): Promise<RepairBackup> {
  const { size } = file.source
  const records = []
  let sizeAfter = size
  for (const { at, bytes: after } of writes) {
    const before = new Uint8Array(Math.max(0, Math.min(after.length, size - at)))
    if (before.length > 0) await file.source.readInto(before, at)
    records.push({ at, before, after })
    sizeAfter = Math.max(sizeAfter, at + after.length)
  }
  return { sizeBefore: size, sizeAfter, records }
}

interface Overwrite {
  readonly writes: readonly { readonly at: number; readonly bytes: Uint8Array }[]
  /** Of the file afterwards. */
  readonly size: number
  readonly inode: string
}

/** Writes into the file, which must still be the one with that inode, and waits until it is on the medium. */
async function overwrite(path: string, { writes, size, inode }: Overwrite): Promise<void> {
  const handle = await openForWriting(path)
  try {
    const { dev, ino, size: sizeNow } = await handle.stat({ bigint: true })
    if (`${dev}:${ino}` !== inode)
      throw new DiskError('source-changed', { file: path, change: 'another file took its name' })
    for (const { at, bytes } of writes) await writeWhole(handle, bytes, at)
    if (Number(sizeNow) > size) await handle.truncate(size)
    await handle.sync()
  } catch (error) {
    throw writeError(error, path)
  } finally {
    await handle.close()
  }
}

async function openForWriting(path: string): Promise<FileHandle> {
  try {
    return await open(await realpath(path), constants.O_RDWR | (constants.O_NOFOLLOW ?? 0))
  } catch (error) {
    throw readError(error, path)
  }
}
