import { countOf } from '@varve/core/units/format-bytes'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { copyGuestFiles } from './copy-guest-files.ts'
import { deviceOf } from './mount-filesystem.ts'

/** Gives copied files what is neither an attribute nor a right: that they cannot be changed, their projects, sizes of their extents. */
export const copyFlags = defineAction({
  name: 'copy-flags',
  layer: 'L7',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: copyGuestFiles.input,
  outcome: z.lazy(() => z.object({ changed: z.number().int().min(0) })),
  words: ({ type, from, to }) => ({
    title: 'Copy their flags',
    does: `Gives the files of the new ${type} (${deviceOf(to)}) what chattr sets of those of the old one (${deviceOf(from)}): immutable, append only, no dump, projects, sizes of extents. Both are mounted where no other process sees them.`,
  }),
  told: ({ changed }) => `${countOf(changed, 'file')} with flags`,
  undo: () => [],
})
