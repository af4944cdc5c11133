import { expect, test } from 'vitest'
import type { DistributionsNow } from '../../platform/windows-host.ts'
import { distributionFindings } from './distribution-findings.ts'

const data = '/users/anna/AppData/Local'
const store = (name: string) => `${data}/Packages/${name}/LocalState/ext4.vhdx`

const distribution = (path: string, more: object = {}) => ({
  id: path,
  kind: 'distribution' as const,
  name: 'Debian',
  owner: 'anna',
  isOwn: true,
  isDefault: false,
  version: 2 as const,
  state: 'stopped' as const,
  disk: { path, exists: true, size: 1, allocated: 1, isSparse: false, ...more },
})

async function look(now: Partial<DistributionsNow>, images: string[] = [], folder = '/users') {
  const windows = {
    distributions: async () => ({ distributions: [], hidden: [], seenBelow: [data], ...now }),
  }
  return await distributionFindings(windows, { folder, images: images.map((path) => ({ path })) })
}

test('disks that are gone, and sparse ones, where they lie in the folder', async () => {
  const [gone, sparse] = [store('Gone'), store('Sparse')]
  const distributions = [
    distribution(gone, { exists: false }),
    distribution(sparse, { isSparse: true }),
    distribution(store('fine')),
    distribution('/elsewhere/ext4.vhdx', { exists: false }),
    { ...distribution(''), disk: null },
    { ...distribution(store('New'), { exists: false }), state: 'installing' as const },
  ]
  const found = await look({ distributions })
  expect(found.map(({ id, severity, file }) => [id, severity, file])).toEqual([
    ['disk-of-distribution-missing', 'block', gone],
    ['disk-of-distribution-sparse', 'info', sparse],
  ])
  expect(found[1]?.remedy).toContain('wsl --manage Debian --set-sparse false')
  const docker = { ...distribution(sparse, { isSparse: true }), kind: 'docker-disk' as const }
  expect((await look({ distributions: [docker] }))[0]?.message).toContain('as Docker Desktop has it')
})

test('a disk of the Store that no distribution has is told where all of its user are known', async () => {
  const [own, loose] = [store('Own'), store('Loose')]
  const images = [
    own.toUpperCase(),
    loose,
    '/users/bernd/AppData/Local/Packages/A/LocalState/ext4.vhdx',
    '/users/a/ext4.vhdx',
  ]
  const found = await look({ distributions: [distribution(own)] }, images)
  expect(found).toMatchObject([{ id: 'disk-without-distribution', file: loose, severity: 'warn' }])
  expect(await look({ seenBelow: [] }, images)).toEqual([])
})
