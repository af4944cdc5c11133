import { volumeAddress } from '@varve/core/image/volume-address'
import { Bytes, Digest, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { discardVolume } from './discard-volume.ts'
import { hideVolume } from './hide-volume.ts'
import { StagedVolume } from './volume-name.ts'

/** Gives a finished volume its name, never that of another one. Done already, it succeeds. */
export const nameVolume = defineAction({
  name: 'name-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() => StagedVolume.extend({ virtualSize: Bytes, holds: Digest })),
  outcome: z.lazy(() => z.object({ path: z.string(), device: Path })),
  words: ({ volume }) => ({
    title: 'Give it its name',
    does: `Renames the volume to ${volumeAddress(volume)}, which no other has.`,
  }),
  told: ({ path }) => path,
  undo: ({ volume, staging, virtualSize, holds }) => [
    call(hideVolume, { volume, staging, virtualSize, holds }),
    // What made it may be undone already, when it could not be hidden the first time.
    call(discardVolume, { volume, staging }),
  ],
})
