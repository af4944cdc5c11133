import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'
import { WorkDisk } from './windows-volume.ts'

/** Has Hyper-V make a work VHDX larger; what is new reads as zeros. */
export const resizeVhd = defineAction({
  name: 'resize-vhd',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => WorkDisk.unwrap().extend({ size: Bytes })),
  outcome: z.lazy(() => z.object({ size: Bytes })),
  words: ({ size, name }) => ({
    title: 'Make the disk larger',
    does: `Has Hyper-V give the work VHDX of ${baseName(name)} a disk of ${formatBytes(size)}; nothing in it is written.`,
  }),
  told: ({ size }) => formatBytes(size),
  undo: () => [],
})
