import { diskInput } from '@varve/agent/actions/image-input'
import { nativeAdapter } from '@varve/agent/actions/native'
import { runOptions } from '@varve/agent/actions/run-options'
import { writeDevice } from '@varve/engine/disks/write-device'
import { assertOwnHost } from '../kernel-action.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'
import { whileWatched } from '../watch-pool.ts'

export const writeVolume = nativeAdapter('write-volume', {
  calls:
    'open(2) of the chain for reading and of the device with O_EXCL, pread(2), pwrite(2), fsync(2); lvm lvs of a thin pool meanwhile',

  async run(input, context) {
    const { ports } = context
    assertOwnHost(context, aboutVolume(input))
    const { source, inUse, volume, pool, isBlank } = input
    return await whileWatched(
      pool === null ? null : { group: volume.group, pool },
      context,
      async (signal) => {
        const target = { path: namesOf(input).stagedDevice, isBlank }
        const options = { ...runOptions(context), inUse, signal }
        const { digest, virtualSize, dataBytes, seconds } = await writeDevice(
          diskInput(source, ports),
          target,
          options,
        )
        return { digest, virtualSize, dataBytes, seconds }
      },
    )
  },
})
