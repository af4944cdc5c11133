import { volumeAddress } from '@varve/core/image/volume-address'
import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { sizeWords } from './later-size.ts'
import { StagedVolume } from './volume-name.ts'

/** Proves that nothing in a volume that a run made lies behind the cut, and cuts it there; a GPT then ends where the volume does. */
export const cutVolume = defineAction({
  name: 'cut-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    StagedVolume.extend({
      /** Bytes that stay at least. */
      size: Bytes,
      /** Bytes of an extent or block: it keeps whole ones. */
      unit: Bytes.min(512),
      /** ZFS: room for all of it is kept back. */
      isReserved: z.boolean().default(false),
    }),
  ),
  outcome: z.lazy(() => z.object({ size: Bytes, cut: Bytes })),
  words: ({ volume, size }) => ({
    title: 'Cut the volume',
    does: `Reads what is to become ${volumeAddress(volume)}: where a partition, a volume or a filesystem reaches behind ${sizeWords(size)}, the run ends. Then writes the second copy of a GPT at the new end, takes what lies behind it from the volume, and reads it anew.`,
  }),
  told: ({ size, cut }) => `${formatBytes(size)}, ${formatBytes(cut)} less`,
  undo: () => [],
})
