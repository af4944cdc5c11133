import { snapshotAddress } from '@varve/operations/actions/volume-snapshot'
import { destroySnapshotCommand } from '../../tools/zfs/volumes.ts'
import { kernelAction } from '../kernel-action.ts'
import { datasetOf } from '../volume-names.ts'

export const removeSnapshot = kernelAction('remove-snapshot', {
  tool: 'zfs',
  build: ({ volume, name }) => destroySnapshotCommand(`${datasetOf(volume)}@${name}`),
  about: snapshotAddress,
  // It has no device: its tool alone tells.
  after: async () => Promise.resolve({}),
})
