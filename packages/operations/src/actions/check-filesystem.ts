import { z } from 'zod'
import { defineAction } from './action.ts'
import { FilesystemPlace } from './filesystem-place.ts'
import { deviceOf } from './mount-filesystem.ts'

/** Has the filesystem's own tool check all of it, and change nothing; fails when anything is wrong. */
export const checkFilesystem = defineAction({
  name: 'check-filesystem',
  layer: 'L6',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => FilesystemPlace.unwrap().extend({ when: z.enum(['before', 'after']) })),
  outcome: z.lazy(() => z.object({ device: z.string() })),
  words: ({ type, when, ...place }) => ({
    title: when === 'before' ? `Check the ${type} first` : `Check the ${type} again`,
    does: `Has the tool of ${type} check the filesystem on ${deviceOf(place)} without a change; a damaged one ends the run.`,
  }),
  told: () => 'nothing is wrong',
  undo: () => [],
})
