import { nativeAdapter } from '@varve/agent/actions/native'
import { discardFree as discard } from '@varve/engine/disks/discard-free'
import { syncPool } from '../../tools/zpool/sync-pool.ts'
import { assertOwnHost } from '../kernel-action.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'
import { whileWatched } from '../watch-pool.ts'

export const discardFree = nativeAdapter('discard-free', {
  calls:
    'open(2) of the copy with O_EXCL, pread(2) of the bitmaps of its filesystems and of its data, ioctl(2) BLKDISCARD, fsync(2); lvm lvs of its thin pool meanwhile, or zpool sync afterwards',

  async run(input, context) {
    assertOwnHost(context, aboutVolume(input))
    const { ports, onProgress } = context
    const { volume, unit, zerosOnly, pool } = input
    return await whileWatched(
      pool === null ? null : { group: volume.group, pool },
      context,
      async (signal) => {
        const given = await discard(
          { path: namesOf(input).stagedDevice, unit, zerosOnly },
          {
            signal,
            onProgress: (done, total) =>
              onProgress({ of: 'tool', progress: { fraction: total === 0 ? 1 : done / total } }),
          },
        )
        if (volume.kind === 'zfs')
          await ports.tools.run(syncPool(volume.group), { signal, file: aboutVolume(input) })
        return given
      },
    )
  },
})
