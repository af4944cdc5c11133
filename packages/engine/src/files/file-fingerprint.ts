import { readFileSync, type BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { FileFingerprint, ImageFile } from '@varve/core/image/image-files'
import { DiskError } from '@varve/core/problems/disk-error'
import { deviceNumbers } from '../system/device-numbers.ts'
import { systemCode } from '../system/system-error.ts'

/** What `stats` says about a file's identity and state. */
export function fingerprintOf(stats: BigIntStats): FileFingerprint {
  return {
    size: Number(stats.size),
    modifiedMs: Number(stats.mtimeNs) / 1e6,
    changedMs: Number(stats.ctimeNs) / 1e6,
    createdMs: stats.birthtimeNs > 0n ? Number(stats.birthtimeNs) / 1e6 : null,
    inode: `${stats.dev}:${stats.ino}`,
    ...(stats.isBlockDevice() && writesOf(stats.rdev)),
  }
}

/** Writes and discards that were completed (Documentation/block/stat.rst); not there where the kernel does not count. */
function writesOf(device: bigint): Pick<FileFingerprint, 'writes'> {
  const [major, minor] = deviceNumbers(device)
  const counts = textOf(`/sys/dev/block/${major}:${minor}/stat`).trim().split(/ +/u).map(Number)
  const writes = (counts[4] ?? Number.NaN) + (counts[11] ?? 0)
  return Number.isSafeInteger(writes) ? { writes } : {}
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** Throws `source-changed` unless each file is still the one that was opened, with the same content. */
export async function assertUnchanged(
  files: readonly Pick<ImageFile, 'path' | 'fingerprint'>[],
): Promise<void> {
  for (const { path, fingerprint } of files) {
    const change = describeChange(fingerprint, await fingerprintNow(path))
    if (change !== null) throw new DiskError('source-changed', { file: path, change })
  }
}

async function fingerprintNow(path: string): Promise<FileFingerprint | null> {
  try {
    return fingerprintOf(await stat(path, { bigint: true }))
  } catch (error) {
    if (systemCode(error) === null) throw error
    return null
  }
}

function describeChange(before: FileFingerprint, now: FileFingerprint | null): string | null {
  if (now === null) return 'it was removed'
  if (now.inode !== before.inode) return 'another file took its name'
  if (now.size !== before.size) return `its size went from ${before.size} to ${now.size} bytes`
  if (now.writes !== undefined && before.writes !== undefined)
    return now.writes === before.writes ? null : 'it was written to'
  if (now.modifiedMs !== before.modifiedMs) return 'it was written to'
  if (now.changedMs !== before.changedMs) return 'its metadata changed'
  return null
}
