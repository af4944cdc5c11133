import type { WslDistribution } from '@varve/protocol/distributions'

/** A distribution that is off, of the account that asks. */
export function distributionOf(path: string, more: Partial<WslDistribution> = {}): WslDistribution {
  return {
    id: path,
    kind: 'distribution',
    name: 'Debian',
    owner: 'PC\\anna',
    isOwn: true,
    isDefault: false,
    version: 2,
    state: 'stopped',
    disk: { path, exists: true, size: 8, allocated: 8, isSparse: false },
    ...more,
  }
}
