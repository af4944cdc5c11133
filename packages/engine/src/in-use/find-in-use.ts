import { stat } from 'node:fs/promises'
import type { Problem } from '@varve/core/problems/problem'
import { type FilesOfImageOptions, filesOfImage } from './files-of-image.ts'
import { findWriters } from './find-writers.ts'
import { writersOf } from './guard-files.ts'
import type { OpenWriters } from './writers.ts'
import { inUseProblem, unseenProblem } from './in-use-problem.ts'

/** Rights by which others than the owner write. */
const writableByOthers = 0o022n

export interface FindInUseOptions extends FilesOfImageOptions {
  readonly find?: () => Promise<OpenWriters>
}

/** A finding for each file of the image `path` that others may write to, or of which that cannot be seen. */
export async function findInUse(
  path: string,
  { find = findWriters, ...options }: FindInUseOptions,
): Promise<readonly Problem[]> {
  const found = await find()
  const files = await writersOf(await filesOfImage(path, options), found)
  const inUse = files.flatMap(({ path: file, writers }) =>
    writers.length > 0 ? [inUseProblem(file, writers)] : [],
  )
  const { unseen } = found
  if (inUse.length > 0 || unseen === null || !(await mayBeOthers(path))) return inUse
  return [unseenProblem(path, unseen)]
}

/** Whether processes of other users, but for root's, may have it open for writing. */
async function mayBeOthers(path: string): Promise<boolean> {
  const user = process.geteuid?.()
  const stats = await stat(path, { bigint: true }).catch(() => null)
  return (
    stats === null ||
    user === undefined ||
    stats.uid !== BigInt(user) ||
    (stats.mode & writableByOthers) !== 0n
  )
}
