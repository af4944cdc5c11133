import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { ShownDisk, VhdImage } from './attached-vhd.ts'
import { detachVhd } from './detach-vhd.ts'
import { StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'

/** Makes a VHD or VHDX a disk of Windows, without drive letters where that can be said. */
export const attachVhd = defineAction({
  name: 'attach-vhd',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  isOfMachine: true,
  input: z.lazy(() =>
    VhdImage.unwrap().extend({
      /** Names the attachment. */
      attachment: StagingId,
      isReadOnly: z.boolean(),
      /** It goes when the last mount of it ends. */
      isForMount: z.boolean().optional(),
    }),
  ),
  outcome: z.lazy(() => ShownDisk.unwrap().extend({ attachment: StagingId.optional() })),
  words: ({ image, by, isReadOnly }) => ({
    title: 'Attach it',
    does: `Makes ${baseName(image)} a disk of Windows${isReadOnly ? ', read-only' : ', for writing'}; its volumes get ${by === 'diskpart' ? 'the letters that Windows gives them' : 'no drive letters'}.`,
  }),
  told: ({ device, isOffline }) => `${device}${isOffline ? ', offline' : ''}`,
  undo: ({ image, by, attachment }) => [call(detachVhd, { image, by, attachment })],
})
