import { z } from 'zod'
import { defineAction } from './action.ts'
import { VolumeName } from './volume-name.ts'

/** Removes a snapshot of a ZFS volume for good; one that is held, or has clones, is refused by ZFS. */
export const removeSnapshot = defineAction({
  name: 'remove-snapshot',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: true,
  input: z.lazy(() => z.object({ volume: VolumeName, name: z.string().regex(/^[\w.:-]{1,100}$/u) })),
  outcome: z.lazy(() => z.object({})),
  words: ({ volume, name }) => ({
    title: 'Remove the snapshot',
    does: `Removes the snapshot ${volume.group}/${volume.volume}@${name} for good.`,
  }),
  told: () => 'gone',
  undo: () => [],
})
