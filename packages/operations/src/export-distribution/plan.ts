import { DiskError } from '@varve/core/problems/disk-error'
import { isBlocking, problemFromError, type Problem } from '@varve/core/problems/problem'
import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { digestImage } from '../actions/digest-image.ts'
import { exportDistribution } from '../actions/export-distribution.ts'
import { baseName } from '../actions/path-words.ts'
import { proveImage } from '../actions/prove-image.ts'
import { publishImage } from '../actions/publish-image.ts'
import { blocking } from '../blocking.ts'
import type { DistributionDiskFacts } from '../distributions/facts.ts'
import { ofWslProblems } from '../distributions/problems.ts'
import { useProblems } from '../image-files-problems.ts'
import { defineOperation } from '../operation.ts'
import { inOrder, quick, readingEstimate, step, wholeEstimate } from '../plans/plan.ts'
import { freshId, from } from '../plans/wired.ts'

export const ExportDistributionRequest = z.object({
  /** The disk of the distribution. Absolute. */
  image: Path,
  /** The VHDX that it is to be written into. */
  target: Path,
})
export type ExportDistributionRequest = z.infer<typeof ExportDistributionRequest>

export interface ExportDistributionFacts extends DistributionDiskFacts {
  /** Absolute, its folder resolved. */
  readonly target: string
  /** Whether there is a file of that name. */
  readonly isTaken: boolean
  /** Bytes that are free where it is to lie; null: not told. */
  readonly targetFree: number | null
}

/** `varve wsl export`: a VHDX of a distribution that is proven to hold the same disk. */
export const exportDistributionOperation = defineOperation<
  ExportDistributionRequest,
  ExportDistributionFacts
>({
  name: 'export-distribution',
  request: ExportDistributionRequest,
  paths: ['image', 'target'],
  plan(_request, facts) {
    const { host, path, target, format, bytes, ofWsl } = facts
    const problems = exportProblems(facts)
    if (ofWsl === null || problems.some(isBlocking))
      return { kind: 'refusal', operation: 'export-distribution', problems: problems.filter(isBlocking) }
    const image = { path, format, reading: {} }
    const staged = { target, format: 'vhdx', subformat: null } as const
    const written = { ...staged, staging: from('export', 'staging') }
    const estimate = readingEstimate(bytes)
    const steps = inOrder([
      step(digestImage, { id: 'digest', host, input: { image, inUse: 'refuse', sha256: false }, estimate }),
      step(exportDistribution, {
        id: 'export',
        host,
        input: { image: path, distribution: ofWsl.name, staged: { ...staged, staging: freshId } },
        needs: ['the distribution does not run'],
        estimate: { bytes, seconds: null },
      }),
      step(proveImage, {
        id: 'prove',
        host,
        input: { image: written, expected: from('digest', 'digest'), durability: 'synced' },
        estimate,
      }),
      step(publishImage, {
        id: 'publish',
        host,
        input: { ...written, file: from('export', 'file'), durability: 'synced' },
        estimate: quick,
      }),
    ])
    return {
      kind: 'plan',
      operation: 'export-distribution',
      summary: `Export ${ofWsl.name} to ${baseName(target)}, by WSL`,
      steps,
      warnings: problems,
      subjects: [{ host, path: target, from: { host, path } }],
      estimate: wholeEstimate(steps),
    }
  },
})

function exportProblems(facts: ExportDistributionFacts): Problem[] {
  const { path, target, format, bytes, ofWsl, isTaken, targetFree } = facts
  return [
    ...ofWslProblems(path, ofWsl, { layer: 'L1', does: 'exports', since: [1, 0] }),
    ...useProblems(facts),
    ...(isTaken ? [problemFromError(new DiskError('target-exists', { file: target }))] : []),
    ...(format === 'vhdx' && /\.vhdx$/iu.test(target) ? [] : [onlyVhdx(target)]),
    ...(targetFree !== null && targetFree < bytes
      ? [problemFromError(new DiskError('no-space', { file: target, wanted: bytes, available: targetFree }))]
      : []),
  ]
}

function onlyVhdx(file: string): Problem {
  return blocking(file, {
    id: 'only-vhdx',
    layer: 'L2',
    why: 'WSL exports the disk of a distribution as a VHDX whose name ends in .vhdx',
    remedy: 'Say such a name; another format is made of the disk itself: varve convert.',
  })
}
