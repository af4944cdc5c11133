import { deviceSize } from '../device-size.ts'
import { kernelAction, notThere } from '../kernel-action.ts'
import { extendStaged } from '../resize-staged.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'
import type { ActionInput } from '@varve/operations/actions/action-table'

export const extendVolume = kernelAction('extend-volume', {
  tool: 'lvm',
  others: ['zfs'],
  build: extendStaged,
  about: aboutVolume,
  // ZFS would cut one that is larger.
  before: async (input) => Promise.resolve(outcome(input)),
  async after(input) {
    const extended = outcome(input)
    // LVM comes back once the kernel has it.
    if (extended === null && input.volume.kind === 'lvm') throw notThere('lvm', aboutVolume(input))
    return Promise.resolve(extended)
  },
})

function outcome(input: ActionInput<'extend-volume'>) {
  const size = deviceSize(namesOf(input).stagedDevice)
  return size !== null && size >= input.size ? { size } : null
}
