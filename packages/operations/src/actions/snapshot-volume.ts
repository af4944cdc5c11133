import { volumeAddress } from '@varve/core/image/volume-address'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { discardSnapshot } from './discard-snapshot.ts'
import { VolumeSnapshot } from './volume-snapshot.ts'

/** Has LVM or ZFS keep what a volume holds now; nothing is copied. */
export const snapshotVolume = defineAction({
  name: 'snapshot-volume',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: VolumeSnapshot,
  outcome: z.lazy(() => z.object({ snapshot: z.string() })),
  words: ({ volume, name }) => ({
    title: 'Keep its present state',
    does: `Makes the snapshot ${name} of ${volumeAddress(volume)}: from then on a block is copied before it is written anew.`,
  }),
  told: ({ snapshot }) => snapshot,
  // ZFS has no mark by which one that another has made meanwhile would be known.
  undo: (input, outcome) =>
    input.volume.kind === 'zfs' && outcome === null ? [] : [call(discardSnapshot, input)],
})
