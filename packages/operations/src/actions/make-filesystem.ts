import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { FilesystemPlace, MadeType } from './filesystem-place.ts'
import { Recipe } from './filesystem-recipe.ts'
import { deviceOf } from './mount-filesystem.ts'

/** Makes an empty filesystem that is like another one but for its size. */
export const makeFilesystem = defineAction({
  name: 'make-filesystem',
  layer: 'L6',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    FilesystemPlace.unwrap().extend({
      type: MadeType,
      uuid: z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu),
      /** Bytes. */
      size: Bytes,
      /** Bytes of the old one. */
      before: Bytes,
      recipe: Recipe,
      /** The version of mkfs.xfs, whose options grow with it; null: not known, or not it. */
      version: z.tuple([z.number().int().min(0), z.number().int().min(0)]).nullable(),
    }),
  ),
  outcome: z.lazy(() => z.object({ device: z.string() })),
  words: ({ type, uuid, size, ...place }) => ({
    title: `Make a new ${type}`,
    does: `Makes an empty ${type} of ${formatBytes(size)} on ${deviceOf(place)}, with the UUID ${uuid}, the label, the block size and the features of the old one.`,
  }),
  told: ({ device }) => device,
  undo: () => [],
})
