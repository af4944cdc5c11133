import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { windowsNames, WindowsFilesystem, WorkVolume } from './windows-volume.ts'

/** Asks Windows how small a volume can become, and derives the sizes of all that is around it. */
export const measurePartition = defineAction({
  name: 'measure-partition',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    WorkVolume.unwrap().extend({
      type: WindowsFilesystem,
      /** Bytes of its partition as it is, and behind it at the end of the disk, see `ShrunkPlace`. */
      length: Bytes,
      behind: Bytes,
      /** Bytes that the disk is to have; null: as few as the filesystem allows, with slack. */
      disk: Bytes.nullable(),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      /** What Windows said. */
      minimum: Bytes,
      /** What the partition, with its filesystem, and the disk are to be. */
      size: Bytes,
      disk: Bytes,
    }),
  ),
  words: ({ type, partition, disk }) => ({
    title: 'Ask how small it can become',
    does: `Has Windows say how small partition ${partition} with its ${windowsNames[type]} can become, and ${disk === null ? 'keeps slack above that' : `ends the run when a disk of ${formatBytes(disk)} has no room for it`}; nothing is written.`,
  }),
  told: ({ minimum, size }) => `at least ${formatBytes(minimum)}; it becomes ${formatBytes(size)}`,
  undo: () => [],
})
