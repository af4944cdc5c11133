import { quote } from '@varve/core/problems/disk-error'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { resizeDistribution } from '../actions/resize-distribution.ts'
import { blocking } from '../blocking.ts'
import type { LinkFacts } from '../chain-change/facts.ts'
import { inOrder, step, wholeEstimate, type Plan, type Refusal } from '../plans/plan.ts'
import type { DistributionFacts, ResizeFacts } from '../resize/facts.ts'
import { resizeProblems } from '../resize/problems.ts'
import { notLarger } from './not-larger.ts'
import type { GrowRequest } from './request.ts'

type OfDistribution = ResizeFacts & { readonly distribution: DistributionFacts }

/** Whether it is a disk of WSL with what is in it, which WSL alone resizes rightly. */
export function isForWsl(facts: ResizeFacts, request: GrowRequest): facts is OfDistribution {
  const { partition, isMoving, toGpt, volume, isLuks } = request
  const isPlain = partition === null && !isMoving && !toGpt && volume === null && !isLuks
  return facts.distribution !== undefined && isPlain
}

/** One call of WSL, or why it is refused and what works instead. */
export function planByWsl(
  facts: OfDistribution,
  { own, size }: { readonly own: LinkFacts; readonly size: number },
): Plan | Refusal {
  const { image, host, distribution } = facts
  const { path } = image
  const before = own.virtualSize
  const problems = [
    // It makes no copy beside it.
    ...resizeProblems({ ...facts, dataBytes: null }, { own, size, isAttached: false }),
    ...(before === null || size <= before ? [notLarger(path, { before, size })] : []),
    ...whyNot(path, distribution),
  ]
  if (problems.some(isBlocking))
    return { kind: 'refusal', operation: 'grow', problems: problems.filter(isBlocking) }
  const { name } = distribution
  const steps = inOrder([
    step(resizeDistribution, { id: 'resize', host, input: { image: path, distribution: name, size } }),
  ])
  return {
    kind: 'plan',
    operation: 'grow',
    summary: `Grow the disk of ${name} from ${formatBytes(before ?? 0)} to ${formatBytes(size)}, with its ext4, by WSL`,
    steps,
    warnings: [...problems, noWayBack(path)],
    subjects: [{ host, path }],
    estimate: wholeEstimate(steps),
  }
}

const growInside = 'sudo resize2fs "$(findmnt -no SOURCE /)"'
const containerOnly = `the container only is changed with --partition none, and then the ext4 inside: ${growInside}`

/** That a distribution does not see the room by itself. */
export function extStays(file: string, { kind, name }: DistributionFacts): Problem {
  const remedy =
    kind === 'docker-disk'
      ? 'Say the size in Docker Desktop: Settings, Resources, Disk usage limit.'
      : `Have it grow in ${name}: ${growInside}`
  return {
    id: 'filesystem-stays',
    severity: 'info',
    layer: 'L6',
    file,
    message: `L6 ${quote(file)}: the ext4 in it stays as large as it is`,
    remedy,
  }
}

/** Why WSL is not asked. */
function whyNot(file: string, { kind, name, owner, isOwn, wsl }: DistributionFacts): Problem[] {
  const refuse = (id: string, why: string, remedy: string) => [
    blocking(file, { id, layer: 'L2', why, remedy, details: { distribution: name, owner, wsl } }),
  ]
  if (kind === 'docker-disk')
    return refuse(
      'disk-of-docker',
      'it is the disk of Docker Desktop, which resizes it itself',
      'Say the size in Docker Desktop: Settings, Resources, Disk usage limit.',
    )
  if (!isOwn)
    return refuse(
      'distribution-of-other',
      `it is the disk of the WSL distribution ${name} of ${owner}, and WSL resizes it for ${owner} alone`,
      `Have ${owner} do it; or ${containerOnly}`,
    )
  if (!resizes(wsl))
    return refuse(
      'wsl-too-old',
      `WSL ${wsl ?? 'of this Windows'} does not resize the disk of ${name}; ${leastVersion.join('.')} and later do`,
      `Get a newer one: wsl --update. Or ${containerOnly}`,
    )
  return []
}

/** The first one with `wsl --manage NAME --resize`. */
const leastVersion = [2, 5] as const

/** Null: one that came with Windows, and tells no version. */
function resizes(version: string | null): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  return major > leastVersion[0] || (major === leastVersion[0] && minor >= leastVersion[1])
}

function noWayBack(file: string): Problem {
  return {
    id: 'original-not-kept',
    severity: 'info',
    layer: 'L2',
    file,
    message: `L2 ${quote(file)}: WSL changes the disk itself, and nothing of before is kept`,
    remedy: 'To have the state of before: varve clone first, or wsl --export.',
  }
}
