import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'
import { undoRepair } from './undo-repair.ts'

/** Overwrites what is wrong in the tables of an image, provably right; every byte that it overwrites is in its undo file before. */
export const repairImage = defineAction({
  name: 'repair-image',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      image: ImageAddress,
      /** The new file that keeps what is overwritten. Absolute. */
      backup: Path,
      /** What it does, in sentences, as it was planned; when it would do anything else, it does nothing. */
      fixes: z.array(z.string()),
    }),
  ),
  outcome: z.lazy(() => z.object({ fixes: z.array(z.string()) })),
  words: ({ image, backup, fixes }) => ({
    title: 'Repair it in place',
    does: `Overwrites tables of ${baseName(image.path)} in place: ${fixes.join('; ')}. Every byte is in ${baseName(backup)} before it is overwritten.`,
  }),
  told: ({ fixes }) => fixes.join('; '),
  undo: ({ image, backup }) => [call(undoRepair, { path: image.path, backup })],
})
