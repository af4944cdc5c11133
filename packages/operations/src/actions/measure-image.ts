import { formatBytes } from '@varve/core/units/format-bytes'
import { nameOfKind, writableFormats } from '@varve/core/formats/writable-formats'
import { Bytes, Subformat } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Predicts how large a disk can become as an image of a format; reads no data. */
export const measureImage = defineAction({
  name: 'measure-image',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      image: ImageAddress,
      format: z.enum(writableFormats),
      subformat: Subformat.default(null),
      compression: z.enum(['none', 'zlib', 'zstd']).default('none'),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      virtualSize: Bytes,
      dataBytes: Bytes,
      /** Upper bound of the size of the file. */
      required: Bytes,
    }),
  ),
  words: ({ image, format, subformat }) => ({
    title: `Measure it as ${nameOfKind(format, subformat)}`,
    does: `Predicts how large ${baseName(image.path)} can become as ${nameOfKind(format, subformat)}, and changes nothing.`,
  }),
  told: ({ required }) => `at most ${formatBytes(required)}`,
  undo: () => [],
})
