import { mappedVolume } from '@varve/core/volumes/mapped-names'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { DevicePath, MappedDevice, MappedPiece, VolumeName } from './attached-device.ts'
import { StagingId } from './new-image.ts'
import { removeMapping } from './remove-mapping.ts'

/** Makes a device of a logical volume by the kernel's device mapper alone: no tool of LVM looks at its group. */
export const mapVolume = defineAction({
  name: 'map-volume',
  layer: 'L5',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      attachment: StagingId,
      device: DevicePath,
      /** The mapping that holds its group; null: partitions of the device do. */
      over: MappedDevice.nullable().default(null),
      volume: VolumeName,
      isReadOnly: z.boolean(),
      pieces: z.array(MappedPiece).max(1000),
    }),
  ),
  outcome: z.lazy(() => z.object({ mapped: MappedDevice, volume: VolumeName, size: Bytes })),
  words: ({ volume: { group, name }, over, device, isReadOnly }) => ({
    title: 'Map the volume',
    does: `Makes a device of the logical volume ${group}/${name} over ${over ?? device}${isReadOnly ? ', read-only' : ''}; volume groups of this host are not looked at, whatever they are called.`,
  }),
  told: ({ mapped }) => mapped,
  undo: ({ attachment, volume }) => [
    call(removeMapping, { attachment, mapped: mappedVolume(attachment, volume) }),
  ],
})
