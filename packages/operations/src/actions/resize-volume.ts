import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { DevicePath, MappedDevice, MappedPiece, PartitionNumber, VolumeName } from './attached-device.ts'
import { deviceOf } from './mount-filesystem.ts'

/** Gives a physical volume all of its device and a logical volume all that is free in its group then, in LVM's metadata alone. */
export const resizeVolume = defineAction({
  name: 'resize-volume',
  layer: 'L5',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      /** The image that people know: what messages are about. */
      image: Path,
      device: DevicePath,
      /** That is the physical volume; null: the whole device is. */
      partition: PartitionNumber.nullable(),
      /** The mapping that is the physical volume instead. */
      over: MappedDevice.nullable().default(null),
      volume: VolumeName,
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      size: Bytes,
      /** Where the logical volume lies then. */
      pieces: z.array(MappedPiece),
    }),
  ),
  words: ({ over, volume: { group, name }, ...place }) => ({
    title: 'Resize the volume',
    does: `Gives the physical volume ${over ?? deviceOf(place)} all of its device, and the logical volume ${group}/${name} all that is free then. LVM sees that device alone and asks nothing of the kernel: volume groups of this host are not looked at, whatever they are called.`,
  }),
  told: ({ size }) => formatBytes(size),
  undo: () => [],
})
