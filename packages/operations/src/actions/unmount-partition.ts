import { z } from 'zod'
import { defineAction } from './action.ts'
import { PartitionMount } from './partition-mount.ts'

/** Takes the folder or letter from a partition that Varve gave it, and what was done for that back; done already, it succeeds. */
export const unmountPartition = defineAction({
  name: 'unmount-partition',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: PartitionMount,
  outcome: z.lazy(() => z.object({ wasMounted: z.boolean() })),
  words: ({ folder, isNew }) => ({
    title: 'Unmount it',
    does: `Ends the mount at ${folder}${isNew ? ', and removes the folder, which was made for it, if it is empty' : ''}; a disk that came online for it goes offline again.`,
  }),
  told: ({ wasMounted }) => (wasMounted ? 'unmounted' : 'it was mounted no more'),
  undo: () => [],
})
