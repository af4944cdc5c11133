import { volumeAddress } from '@varve/core/image/volume-address'
import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { ReplacedVolume } from './replaced-volume.ts'
import { restoreVolume } from './restore-volume.ts'

/** Gives a finished volume the name of the one that it replaces; the original is kept under another name. Done already, it succeeds. */
export const replaceVolume = defineAction({
  name: 'replace-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: ReplacedVolume,
  outcome: z.lazy(() => z.object({ path: z.string(), device: Path, kept: z.string() })),
  words: ({ volume, kept }) => ({
    title: 'Take the place of the original',
    does: `Renames ${volumeAddress(volume)} to ${volumeAddress(kept)}, which is kept, and at once the new volume to ${volumeAddress(volume)}${volume.kind === 'zfs' ? '; snapshots go with the name (zfs promote), so that the original can be removed' : ''}.`,
  }),
  told: ({ kept }) => `the original is kept as ${kept}`,
  undo: (input) => [call(restoreVolume, input)],
})
