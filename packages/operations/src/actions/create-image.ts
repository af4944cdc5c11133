import { formatBytes } from '@varve/core/units/format-bytes'
import { nameOfKind } from '@varve/core/formats/writable-formats'
import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { discardStaged } from './discard-staged.ts'
import { NewImage, Written } from './new-image.ts'
import { baseName } from './path-words.ts'

const Input = z.lazy(() =>
  z.object({
    /** Bytes of the disk. */
    size: Bytes,
    image: NewImage,
    /** Its filesystem is to write it in place (the attribute C of Btrfs). */
    noCow: z.boolean().optional(),
  }),
)

/** An overlay has the disk of its parent, which is not read for it. */
const Outcome = z.lazy(() => Written.unwrap().extend({ digest: Digest.nullable() }))

/** Writes a new image of a disk that holds nothing, or what its backing file holds. */
export const createImage = defineAction({
  name: 'create-image',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: Input,
  outcome: Outcome,
  words: ({ size, image, noCow }) => ({
    title: `Write an empty ${nameOfKind(image.format, image.subformat)}`,
    does: `Writes a disk of ${formatBytes(size)} as ${nameOfKind(image.format, image.subformat)} into a hidden file beside ${baseName(image.target)}.${image.backing ? ` It is an overlay of ${baseName(image.backing.path)}.` : ''}${noCow === true ? ' Its filesystem writes it in place (the attribute C).' : ''}`,
  }),
  told: ({ virtualSize, fileSize }) =>
    `a disk of ${formatBytes(virtualSize)}; the file has ${formatBytes(fileSize)}`,
  undo: ({ image: { target, staging, format, subformat } }) => [
    call(discardStaged, { target, staging, format, subformat }),
  ],
})
