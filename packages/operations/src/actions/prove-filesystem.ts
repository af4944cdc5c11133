import { z } from 'zod'
import { defineAction } from './action.ts'
import { FilesystemPlace, MadeAs } from './filesystem-place.ts'
import { Recipe } from './filesystem-recipe.ts'
import { deviceOf } from './mount-filesystem.ts'

/** Reads what was made, and fails unless it is like the filesystem that it stands in for. */
export const proveFilesystem = defineAction({
  name: 'prove-filesystem',
  layer: 'L6',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() => FilesystemPlace.unwrap().extend({ type: MadeAs, uuid: z.string(), recipe: Recipe })),
  outcome: z.lazy(() => z.object({ uuid: z.string() })),
  words: ({ type, ...place }) => ({
    title: 'Prove that it is like the old one',
    does: `Reads the superblock of the ${type} on ${deviceOf(place)}: UUID, label, sizes of blocks and inodes, and features must be those of the old one.`,
  }),
  told: ({ uuid }) => uuid,
  undo: () => [],
})
