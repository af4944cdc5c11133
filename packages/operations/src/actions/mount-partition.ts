import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { PartitionMount, isDriveLetter } from './partition-mount.ts'
import { baseName } from './path-words.ts'
import { unmountPartition } from './unmount-partition.ts'

/** Gives a partition of a disk of Windows a folder or a drive letter, and brings the disk online where its policy keeps it offline. */
export const mountPartition = defineAction({
  name: 'mount-partition',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isOfMachine: true,
  input: PartitionMount,
  outcome: z.lazy(() =>
    z.object({
      /** Such as `\\.\Harddisk3Partition1`. */
      device: z.string(),
      folder: Path,
      /** Whether the disk was brought online for it. */
      wasOffline: z.boolean(),
    }),
  ),
  words: ({ image, folder, isNew }) => ({
    title: 'Mount it',
    does: `${isDriveLetter(folder) ? `Gives the partition of ${baseName(image)} the letter` : `Mounts the partition of ${baseName(image)} at`} ${folder}${isNew ? ', a folder that is made for it' : ''}; a disk that the policy of this Windows keeps offline comes online.`,
  }),
  told: ({ device, folder, wasOffline }) =>
    `${device} at ${folder}${wasOffline ? ', and its disk online for it' : ''}`,
  undo: (input) => [call(unmountPartition, input)],
})
