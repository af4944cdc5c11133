import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { AttachedBy, DevicePath } from './attached-device.ts'
import { forgetAttachment } from './forget-attachment.ts'
import { StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'

/** Chooses a free device under a lock, and notes what it is for before anything is attached. */
export const reserveDevice = defineAction({
  name: 'reserve-device',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  isOfMachine: true,
  input: z.lazy(() =>
    z.object({
      attachment: StagingId,
      /** Absolute. */
      image: Path,
      how: AttachedBy,
      isReadOnly: z.boolean(),
      /** Writes of the device are kept aside and thrown away. */
      isThrowAway: z.boolean(),
      /** A mount takes the device away again when it ends. */
      purpose: z.enum(['attach', 'mount']),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({ attachment: StagingId, device: DevicePath, socket: Path, processFile: Path }),
  ),
  words: ({ image }) => ({
    title: 'Choose a device',
    does: `Chooses a free block device for ${baseName(image)} under a lock, and notes it, so that it is found again after any death.`,
  }),
  told: ({ device }) => device,
  undo: ({ attachment }) => [call(forgetAttachment, { attachment })],
})
