import { deviceSize } from '../device-size.ts'
import { kernelAction } from '../kernel-action.ts'
import { onceShown } from '../once-shown.ts'
import { extendStaged } from '../resize-staged.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'
import type { ActionInput } from '@varve/operations/actions/action-table'

export const extendVolume = kernelAction('extend-volume', {
  tool: 'lvm',
  others: ['zfs'],
  build: extendStaged,
  about: aboutVolume,
  // ZFS would cut one that is larger.
  ...onceShown(outcome),
})

/** ZFS would cut one that is larger: it is left as it is. */
function outcome(input: ActionInput<'extend-volume'>) {
  const size = deviceSize(namesOf(input).stagedDevice)
  return size !== null && size >= input.size ? { size } : null
}
