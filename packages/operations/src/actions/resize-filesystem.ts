import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { FilesystemPlace } from './filesystem-place.ts'
import { sizeWords } from './later-size.ts'
import { deviceOf } from './mount-filesystem.ts'

/** Makes a filesystem as large as its device, or as `size` says. */
export const resizeFilesystem = defineAction({
  name: 'resize-filesystem',
  layer: 'L6',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: z.lazy(() =>
    FilesystemPlace.unwrap().extend({
      /** Bytes; null: the whole device. */
      size: Bytes.nullable(),
      /** Of a swap space, which is made anew. */
      swap: z
        .object({
          uuid: z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu),
          label: z.string().max(16).nullable(),
          pageSize: z.number().int().min(4096).max(65_536),
        })
        .nullable()
        .default(null),
    }),
  ),
  outcome: z.lazy(() => z.object({ device: z.string() })),
  words: ({ type, size, swap, ...place }) => ({
    title: `Resize the ${type}`,
    does:
      swap === null
        ? size === null
          ? `Makes the ${type} on ${deviceOf(place)} as large as its device.`
          : `Gives the ${type} on ${deviceOf(place)} ${sizeWords(size)}.`
        : `Makes the swap space on ${deviceOf(place)} anew ${size === null ? 'in its whole device' : `with ${sizeWords(size)}`}, with the same UUID and label.`,
  }),
  told: ({ device }) => device,
  undo: () => [],
})
