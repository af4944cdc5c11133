import type { ImageReport } from '@varve/core/image/image-report'
import type { Problem } from '@varve/core/problems/problem'
import { usesProblems } from '@varve/core/uses/use-problems'
import { findUses, type FindUsesOptions } from './find-uses.ts'

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
  options: FindUsesOptions = {},
): Promise<readonly Problem[]> {
  return usesProblems(
    await findUses(
      paths.map((path) => ({ path })),
      options,
    ),
  )
}
