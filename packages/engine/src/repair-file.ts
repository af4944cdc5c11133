import { type FileHandle, open, realpath } from 'node:fs/promises'
import { constants } from 'node:fs'
import type { CheckReport } from '@varve/core/formats/check-report'
import type { ImageFile } from '@varve/core/formats/image-files'
import { notRepairable, type RepairPlan } from '@varve/core/formats/repair-plan'
import { walkChain } from '@varve/core/formats/walk-chain'
import { DiskError } from '@varve/core/problems/disk-error'
import { checkFile, type CheckFileOptions } from './check-file.ts'
import { assertUnchanged } from './files/file-fingerprint.ts'
import { readError, writeError } from './files/system-error.ts'
import { findWriters } from './in-use/find-writers.ts'
import { assertNoWriters } from './in-use/guard-files.ts'
import { nodePorts } from './ports.ts'
import { readBackup, type RepairBackup, writeBackup } from './repair-backup.ts'

export interface RepairFileOptions extends CheckFileOptions {
  /** Where every byte that is overwritten is kept; must not exist. */
  readonly backup: string
}

export interface RepairOutcome {
  /** What was done, in sentences; empty: there was nothing to do, and no backup was written. */
  readonly fixes: readonly string[]
  /** The image as it is now. */
  readonly report: CheckReport
}

/**
 * Repairs what is provably safe. Nothing is written unless all that is wrong can be put right and nobody else uses the
 * image; the backup is on the medium before the first byte is overwritten.
 */
export async function repairFile(path: string, options: RepairFileOptions): Promise<RepairOutcome> {
  await assertUnused(path)
  const ports = nodePorts({ roots: options.roots })
  const { fixes, writes } = await planRepair(path, options)
  if (writes.length > 0) {
    await using file = await ports.files.open(path)
    const backup = await backupOf(file, writes)
    await writeBackup(options.backup, backup)
    await assertUnchanged([file])
    await assertUnused(path)
    await overwrite(path, {
      writes: backup.records.map(({ at, after }) => ({ at, bytes: after })),
      size: backup.sizeAfter,
      inode: file.fingerprint.inode,
    })
  }
  const { report } = await checkFile(path, options)
  return { fixes, report }
}

/** Who only reads must not see the image change either. */
async function assertUnused(path: string): Promise<void> {
  await assertNoWriters([{ path }], () => findWriters({ locks: 'all' }))
}

async function planRepair(path: string, options: RepairFileOptions): Promise<RepairPlan> {
  await using walked = await walkChain(path, nodePorts({ roots: options.roots }), options)
  const [{ file, driver, facts }] = walked.links
  if (file.packed) throw notRepairable(path, 'it is packed: unpack it first')
  if (driver.repair) return await driver.repair(file, options)
  const report = await driver.check?.(file, nodePorts({ roots: options.roots }), options)
  if (report && report.totals.corruptions === 0 && report.totals.leaks === 0) return { fixes: [], writes: [] }
  throw notRepairable(path, `nothing of ${facts.format} is repaired`)
}

async function backupOf(file: ImageFile, writes: RepairPlan['writes']): Promise<RepairBackup> {
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

/** Puts back what a repair overwrote; refused when the image was written to since. */
export async function undoRepair(path: string, backupPath: string): Promise<void> {
  const backup = await readBackup(backupPath)
  await assertUnused(path)
  await using file = await nodePorts({ roots: null }).files.open(path)
  const { size } = file.source
  const isOfBackup = size === backup.sizeAfter || size === backup.sizeBefore
  if (!isOfBackup || !(await isAsRepaired(file, backup))) {
    throw new DiskError('refused', {
      file: path,
      reason: 'it is not the image that was repaired, or it was written to since',
      remedy: 'Nothing was changed. Give the image and the backup that belong together.',
    })
  }
  await overwrite(path, {
    writes: backup.records.map(({ at, before }) => ({ at, bytes: before })),
    size: backup.sizeBefore,
    inode: file.fingerprint.inode,
  })
}

/** Whether every range holds what the repair wrote, or still or again what was there before. */
async function isAsRepaired({ source }: ImageFile, { records }: RepairBackup): Promise<boolean> {
  for (const { at, before, after } of records) {
    const now = new Uint8Array(Math.max(0, Math.min(after.length, source.size - at)))
    if (now.length > 0) await source.readInto(now, at)
    if (Buffer.compare(now, after) !== 0 && Buffer.compare(now.subarray(0, before.length), before) !== 0)
      return false
  }
  return true
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
    for (const { at, bytes } of writes) await writeFully(handle, bytes, at)
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

async function writeFully(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}
