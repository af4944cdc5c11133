import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'
import { WorkVolume } from './windows-volume.ts'

/** Brings the disk of a work VHDX online where a policy keeps new disks offline, and waits for a volume of it. */
export const bringOnline = defineAction({
  name: 'bring-online',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: WorkVolume,
  outcome: z.lazy(() =>
    z.object({
      /** Whether it was offline, or protected from writing. */
      wasOffline: z.boolean(),
    }),
  ),
  words: ({ name, partition }) => ({
    title: 'Have its volumes mounted',
    does: `Brings the disk of the work VHDX of ${baseName(name)} online, and no other, where the policy of this Windows keeps new disks offline; waits for the volume in partition ${partition}, which gets no drive letter.`,
  }),
  told: ({ wasOffline }) => (wasOffline ? 'it was offline' : 'it was online'),
  undo: () => [],
})
