import { mappedLuks } from '@varve/core/volumes/mapped-names'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { DevicePath, MappedDevice, PartitionNumber } from './attached-device.ts'
import { deviceOf } from './mount-filesystem.ts'
import { StagingId } from './new-image.ts'
import { removeMapping } from './remove-mapping.ts'

/** Ends an opened LUKS volume, and with it what the kernel knows of its key. */
export const closeLuks = defineAction({
  ...removeMapping,
  name: 'close-luks',
  words: ({ mapped }) => ({
    title: 'Close LUKS',
    does: `Takes ${mapped} away; the kernel forgets its key.`,
  }),
})

/** Opens a LUKS volume. Its passphrase or key comes over standard input, and stands nowhere: in no input, journal or log. */
export const openLuks = defineAction({
  name: 'open-luks',
  layer: 'L5',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      attachment: StagingId,
      device: DevicePath,
      /** Null: the whole disk. */
      partition: PartitionNumber.nullable(),
      isReadOnly: z.boolean(),
    }),
  ),
  outcome: z.lazy(() => z.object({ mapped: MappedDevice })),
  words: ({ device, partition, isReadOnly }) => ({
    title: 'Open LUKS',
    does: `Opens the LUKS volume of ${deviceOf({ device, partition })}${isReadOnly ? ', read-only' : ''}, with the passphrase or key from standard input.`,
  }),
  told: ({ mapped }) => mapped,
  undo: ({ attachment, partition }) => [
    call(closeLuks, { attachment, mapped: mappedLuks(attachment, partition) }),
  ],
})
