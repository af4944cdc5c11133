import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { SectorSize } from './attached-device.ts'
import { detachDiskImage } from './detach-disk-image.ts'
import { DiskImageBy, MacImage, ShownMacDisk } from './mac-disk.ts'
import { StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'

/** Makes an image a disk of macOS; nothing of it is mounted. */
export const attachDiskImage = defineAction({
  name: 'attach-disk-image',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  isOfMachine: true,
  input: z.lazy(() =>
    MacImage.unwrap().extend({
      by: DiskImageBy,
      /** Its bytes are the disk: macOS is told so, and guesses nothing. */
      isRaw: z.boolean(),
      sectorSize: SectorSize,
      isReadOnly: z.boolean(),
      /** The file that what is written to the disk goes into, and that goes with it; null: none. */
      shadow: Path.nullable().default(null),
      /** Its passphrase comes over standard input, and stands nowhere: in no input, journal or log. */
      isEncrypted: z.boolean().default(false),
      purpose: z.enum(['attach', 'mount']).default('attach'),
    }),
  ),
  outcome: z.lazy(() => ShownMacDisk.unwrap().extend({ attachment: StagingId })),
  words: ({ image, isReadOnly, shadow, isEncrypted }) => ({
    title: 'Attach it',
    does: `Makes ${baseName(image)} a disk of macOS, ${shadow !== null ? 'over a throw-away shadow file' : isReadOnly ? 'read-only' : 'for writing'}${isEncrypted ? ', with the passphrase from standard input' : ''}; nothing of it is mounted.`,
  }),
  told: ({ device }) => device,
  undo: ({ attachment, image }) => [
    call(detachDiskImage, { attachment, image, device: null, isForced: false }),
  ],
})
