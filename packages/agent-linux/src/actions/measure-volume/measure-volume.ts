import { nativeAdapter } from '@varve/agent/actions/native'
import { placesOf } from '@varve/agent/actions/places-of'
import { exportedStream } from '@varve/agent/jobs/stream-of'
import { fromErrorRecord, type DiskError } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { measureDisk } from '@varve/engine/disks/measure-disk'
import { shapeOf } from '@varve/operations/volumes/room'
import { assertVolumeInLibraries } from '../in-libraries.ts'
import { aboutVolume } from '../volume-names.ts'

export const measureVolume = nativeAdapter('measure-volume', {
  calls: 'NBD_CMD_BLOCK_STATUS of the export; lvm vgs and lvs, or zfs list, for the room',

  async run(input, context) {
    await assertVolumeInLibraries(input, context)
    const { ports, signal } = context
    const { volume, pool, sparse } = input
    const stream = exportedStream(
      { ...input, target: { name: aboutVolume(input) } },
      ports.membership?.() ?? null,
    )
    const measured = await measureDisk(stream, { format: 'raw', compression: 'none', signal })
    const { virtualSize, dataBytes, chunkBytes: copyBytes } = measured
    const places = await placesOf(ports, { folders: [], signal })
    const found = shapeOf({ volume, virtualSize, pool, sparse, dataBytes: copyBytes }, places)
    if ('problems' in found) throw noRoomFor(aboutVolume(input), found.problems)
    const { size, isBlank, blockSize } = found.shape
    const required = pool === null && !sparse ? size : copyBytes
    return { required, available: null, dataBytes, copyBytes, virtualSize, size, isBlank, blockSize }
  },
})

function noRoomFor(volume: string, [problem]: readonly Problem[]): DiskError {
  const { id, layer = 'L1', message = 'it cannot be made', remedy = 'Choose another place.' } = problem ?? {}
  const { file = null, details = {} } = problem ?? {}
  return fromErrorRecord({ code: id ?? 'refused', layer, file: file ?? volume, message, remedy, details })
}
