import { noUses } from '@varve/core/problems/use'
import type { DistributionDiskFacts, OfDistribution } from '../distributions/facts.ts'

/** A distribution that is off, of the account that asks. */
export const debian: OfDistribution = {
  kind: 'distribution',
  name: 'Debian',
  owner: String.raw`PC\anna`,
  isOwn: true,
  wsl: '2.5.7.0',
  isSparse: false,
}

export const diskOfDebian = String.raw`C:\Users\anna\wsl\Debian\ext4.vhdx`

/** Its disk, a plain file of 8 GiB on a drive that has 20 GiB free. */
export const distributionDisk: DistributionDiskFacts = {
  host: 'here',
  path: diskOfDebian,
  format: 'vhdx',
  virtualSize: 1024 ** 4,
  bytes: 8 * 1024 ** 3,
  files: [diskOfDebian],
  elsewhere: [],
  partOf: null,
  dependents: [],
  searched: [],
  unseen: null,
  uses: noUses,
  machines: [],
  distribution: 'Debian',
  ofWsl: debian,
  free: 20 * 1024 ** 3,
  allocated: 8 * 1024 ** 3,
}
