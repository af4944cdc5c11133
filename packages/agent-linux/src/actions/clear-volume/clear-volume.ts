import { nativeAdapter } from '@varve/agent/actions/native'
import { clearDevice } from '@varve/engine/disks/write-device'
import { assertOwnHost } from '../kernel-action.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'

export const clearVolume = nativeAdapter('clear-volume', {
  calls: 'open(2) of the device with O_EXCL, fallocate(2) of zeros or pwrite(2), fsync(2)',

  async run(input, { ports, signal }) {
    assertOwnHost({ ports }, aboutVolume(input))
    return await clearDevice(namesOf(input).stagedDevice, input.virtualSize, signal)
  },
})
