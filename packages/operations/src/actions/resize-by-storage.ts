import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { sizeWords } from './later-size.ts'
import { windowsNames, WindowsFilesystem, WorkVolume } from './windows-volume.ts'

/**
 * Has Windows give a filesystem another size. Its one call moves the end of the partition with it, which nobody can have it leave:
 * that is proven by what the table says afterwards.
 */
export const resizeByStorage = defineAction({
  name: 'resize-by-storage',
  layer: 'L6',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    WorkVolume.unwrap().extend({
      type: WindowsFilesystem,
      way: z.enum(['grow', 'shrink']),
      /** Bytes of the partition; where it grows, at most. */
      size: Bytes,
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      /** Bytes of the partition, and of the filesystem, as Windows tells them afterwards. */
      size: Bytes,
      volume: Bytes,
    }),
  ),
  words: ({ type, way, partition, size }) => ({
    title: `Resize the ${windowsNames[type]}`,
    does: `Has Windows give the ${windowsNames[type]} in partition ${partition} ${way === 'grow' ? 'at most ' : ''}${sizeWords(size)}; the end of the partition (L4) follows by the same call.`,
  }),
  told: ({ size, volume }) => `${formatBytes(volume)}, in a partition of ${formatBytes(size)}`,
  undo: () => [],
})
