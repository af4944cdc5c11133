import type { WindowsHost } from '@varve/agent/platform/windows-host'
import { DiskError } from '@varve/core/problems/disk-error'
import type { DistributionState, WslDistribution } from '@varve/protocol/distributions'
import { isSamePath } from '@varve/engine/files/windows-path'

interface Named {
  readonly image: string
  readonly distribution: string
}

/** What a distribution of this account is at; throws as `ownDistribution`. */
export async function assertOwnDistribution(named: Named, windows: WindowsHost): Promise<DistributionState> {
  const { state } = await ownDistribution(named, windows)
  return state
}

/** The distribution of this account that has the image as its disk; throws `refused` unless it has that name. */
export async function ownDistribution(
  { image, distribution: name }: Named,
  windows: WindowsHost,
): Promise<WslDistribution> {
  const { distributions } = await windows.distributions()
  const found = distributions.find((one) => one.isOwn && one.disk && isSamePath(one.disk.path, image))
  if (found?.kind === 'distribution' && found.name === name) return found
  throw new DiskError('refused', {
    file: image,
    finding: 'not-of-distribution',
    layer: 'L3',
    reason: `it is not the disk of a WSL distribution ${JSON.stringify(name)} of this account any more`,
    remedy: 'See whose it is: varve places.',
  })
}
