import type { Problem } from '@varve/core/problems/problem'
import type { LayerNumber } from '@varve/core/problems/layer-number'
import { blocking } from '../blocking.ts'
import type { OfDistribution } from './facts.ts'

interface Wanted {
  readonly layer: LayerNumber
  /** What WSL is to do with it, such as `moves`. */
  readonly does: string
  /** The first version of WSL that does it. */
  readonly since: readonly [major: number, minor: number]
}

/** Why WSL does not do it with the disk of that image. */
export function ofWslProblems(
  file: string,
  distribution: OfDistribution | null,
  { layer, does, since }: Wanted,
): Problem[] {
  const refuse = (id: string, why: string, remedy: string) => [blocking(file, { id, layer, why, remedy })]
  if (distribution === null)
    return refuse(
      'not-of-distribution',
      'it is not the disk of a WSL distribution of this host',
      'See which there are: varve places.',
    )
  const { name, owner, isOwn, wsl } = distribution
  if (isOfDocker(distribution))
    return refuse(
      'disk-of-docker',
      `it is the disk of Docker Desktop, and WSL ${does} those of distributions only`,
      'Have Docker Desktop do it: Settings, Resources.',
    )
  if (!isOwn)
    return refuse(
      'distribution-of-other',
      `it is the disk of the WSL distribution ${name} of ${owner}, and WSL ${does} it for ${owner} alone`,
      `Have ${owner} do it.`,
    )
  if (isSince(wsl, since)) return []
  return refuse(
    'wsl-too-old',
    `WSL ${wsl ?? 'of this Windows'} is too old for it; ${since.join('.')} and later do`,
    'Get a newer one: wsl --update',
  )
}

/** Older ones of Docker Desktop have their disk in a distribution of this name. */
export function isOfDocker({ kind, name }: Pick<OfDistribution, 'kind' | 'name'>): boolean {
  return kind === 'docker-disk' || /^docker-desktop/iu.test(name)
}

/** Whether a version such as `2.5.7.0` is that or a later one; null: one that came with Windows, and tells none. */
export function isSince(version: string | null, [leastMajor, leastMinor]: Wanted['since']): boolean {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
}
