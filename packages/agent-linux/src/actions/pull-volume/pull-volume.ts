import { nativeAdapter } from '@varve/agent/actions/native'
import { runOptions } from '@varve/agent/actions/run-options'
import { exportedStream } from '@varve/agent/jobs/stream-of'
import { writeDevice } from '@varve/engine/disks/write-device'
import { assertVolumeInLibraries } from '../in-libraries.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'
import { volumePulls } from '../volume-pulls.ts'
import { whileWatched } from '../watch-pool.ts'

export const pullVolume = nativeAdapter('pull-volume', {
  calls:
    'NBD_CMD_READ of the export, open(2) of the device with O_EXCL, pwrite(2), fsync(2); lvm lvs of a thin pool meanwhile',

  async run(input, context) {
    await assertVolumeInLibraries(input, context)
    const { volume, pool, isBlank } = input
    const stream = exportedStream(
      { ...input, target: { name: aboutVolume(input) } },
      context.ports.membership?.() ?? null,
    )
    const { stagedDevice: path } = namesOf(input)
    const watched = pool === null ? null : { group: volume.group, pool }
    return await volumePulls.run(path, context.signal, async (wanted) =>
      whileWatched(watched, { ...context, signal: wanted }, async (signal) => {
        const options = { ...runOptions(context), signal }
        const { manifest, digest, virtualSize, readBytes, zeroBytes, seconds } = await writeDevice(
          stream,
          { path, isBlank },
          options,
        )
        context.onManifest?.(digest, manifest)
        const moved = { transferredBytes: readBytes, skippedBytes: zeroBytes, fileSize: virtualSize, seconds }
        return { digest, virtualSize, ...moved }
      }),
    )
  },
})
