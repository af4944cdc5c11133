import { z } from 'zod'
import { defineAction } from './action.ts'
import { snapshotAddress, VolumeSnapshot } from './volume-snapshot.ts'

/** Removes the snapshot that a run made, and no other. Done already, it succeeds. */
export const discardSnapshot = defineAction({
  name: 'discard-snapshot',
  layer: 'L1',
  lane: 'short',
  attempts: 3,
  isFinal: false,
  input: VolumeSnapshot,
  outcome: z.lazy(() => z.object({})),
  words: (input) => ({
    title: 'Remove the snapshot again',
    does: `Removes ${snapshotAddress(input)}, which this run made.`,
  }),
  told: () => 'gone',
  undo: () => [],
})
