import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { FilesystemPlace, MadeAs } from './filesystem-place.ts'
import { Recipe } from './filesystem-recipe.ts'
import { laterUuid } from './later-filesystem.ts'
import { sizeWords } from './later-size.ts'
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
      type: MadeAs,
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
    does: `Makes an empty ${type} of ${sizeWords(size)} on ${deviceOf(place)}, with ${uuid === laterUuid ? 'the UUID' : `the UUID ${uuid}`}, the label, the block size and the features of the old one.`,
  }),
  told: ({ device }) => device,
  undo: () => [],
})
