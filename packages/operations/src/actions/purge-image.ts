import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'
import { QuarantineId } from './set-aside.ts'

/** Removes what an entry of a quarantine holds, for good. Done already, it succeeds. */
export const purgeImage = defineAction({
  name: 'purge-image',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: true,
  input: z.lazy(() =>
    z.object({
      quarantine: QuarantineId,
      /** Absolute path that the image had. */
      at: Path,
    }),
  ),
  /** Null: an earlier call had removed it. */
  outcome: z.lazy(() => z.object({ bytes: Bytes.nullable() })),
  words: ({ at }) => ({
    title: 'Remove it for good',
    does: `Removes ${baseName(at)} with all its files from the quarantine of its folder; nothing brings it back.`,
  }),
  told: ({ bytes }) => (bytes === null ? 'removed' : `removed, ${formatBytes(bytes)}`),
  undo: () => [],
})
