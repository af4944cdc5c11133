import { stat } from 'node:fs/promises'
import type { ImageReport } from '@varve/core/layers/image-report'
import type { Problem } from '@varve/core/problems/problem'
import { findThese, writersOf } from './guard-files.ts'
import type { FindWriters } from './writers.ts'
import { inUseProblem, unseenProblem } from './in-use-problem.ts'

/** Rights by which others than the owner write. */
const writableByOthers = 0o022n

export interface FindInUseOptions {
  readonly find?: FindWriters
}

/** The image first, then every other file of an inspected image: its parents, and the `parts` that the inspection told of. */
export function filesOfReport(
  { path, chain: [own, ...parents] }: Pick<ImageReport, 'path' | 'chain'>,
  parts: readonly string[],
): readonly [string, ...string[]] {
  return [own?.path ?? path, ...parents.map((link) => link.path), ...parts]
}

/** A finding for each of the files of an image, itself first, that others may write to, or of which that cannot be seen. */
export async function findInUse(
  paths: readonly [string, ...string[]],
  { find = findThese }: FindInUseOptions = {},
): Promise<readonly Problem[]> {
  const { files, unseen } = await writersOf(
    paths.map((path) => ({ path })),
    find,
  )
  const inUse = files.flatMap(({ path: file, writers }) =>
    writers.length > 0 ? [inUseProblem(file, writers)] : [],
  )
  if (inUse.length > 0 || unseen === null || !(await mayBeOthers(paths[0]))) return inUse
  return [unseenProblem(paths[0], unseen)]
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
