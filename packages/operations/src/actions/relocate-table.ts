import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { SectorSize } from './attached-device.ts'
import { baseName } from './path-words.ts'

/** Puts the second copy of a GPT at the end of a work image, and has its protective MBR and its last usable sector say so. */
export const relocateTable = defineAction({
  name: 'relocate-table',
  layer: 'L4',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    z.object({
      /** The work image, or the device that it is. Absolute. */
      disk: Path,
      /** What people call the image. */
      name: Path,
      sectorSize: SectorSize,
    }),
  ),
  outcome: z.lazy(() => z.object({})),
  words: ({ name }) => ({
    title: 'Move the second copy of the GPT',
    does: `Puts the second copy of the GPT of ${baseName(name)} at the new end of the disk, with the bounds that both copies and the protective MBR state.`,
  }),
  told: () => 'both copies fit the disk',
  undo: () => [],
})
