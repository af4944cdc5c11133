import { lstatSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { darwinCalls, type DarwinCalls } from '../file-ranges/darwin-calls.ts'

// struct stat with inodes of 64 bits, and SF_DATALESS, sys/stat.h.
const statSize = 144
const flagsAt = 116
const dataless = 0x4000_0000

let ofHost: DarwinCalls | null = null

/** Those that tell flags of files; null: only a Mac has them. */
function hostCalls(): DarwinCalls | null {
  if (process.platform === 'darwin') ofHost ??= darwinCalls()
  return ofHost
}

/**
 * Throws `not-readable` for a file that is here by its name only, as iCloud and other providers leave it: reading would download all of
 * it. Before macOS 14 a file `.NAME.icloud` stands for it.
 */
export function assertDownloaded(path: string, calls: DarwinCalls | null = hostCalls()): void {
  if (calls === null) return
  const answer = new Uint8Array(statSize)
  const isThere = calls.lstat(path, answer) >= 0
  const isElsewhere = isThere
    ? (new DataView(answer.buffer).getUint32(flagsAt, true) & dataless) !== 0
    : lstatSync(join(dirname(path), `.${basename(path)}.icloud`), { throwIfNoEntry: false })?.isFile() ===
      true
  if (isElsewhere)
    throw new DiskError('not-readable', {
      file: path,
      reason: 'its contents are not on this Mac, and reading would download them (iCloud)',
      why: 'in-icloud',
    })
}
