import { formatBytes } from '@varve/core/units/format-bytes'
import { nameOfKind } from '@varve/core/formats/writable-formats'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { discardStaged } from './discard-staged.ts'
import { ImageAddress } from './image-address.ts'
import { NewImage, Written } from './new-image.ts'
import { sizeWords } from './later-size.ts'
import { baseName, sourceName } from './path-words.ts'

const Input = z.lazy(() =>
  z.object({
    source: ImageAddress,
    /** `accept`: somebody said by name that the source is read although others may write to it; `ask`: who is refused is told how. */
    inUse: z.enum(['refuse', 'ask', 'accept']).default('refuse'),
    reflink: z.boolean().default(true),
    image: NewImage,
  }),
)

function leftOutWords({ leftOut }: ImageAddress['reading']): string {
  if (leftOut === undefined) return ''
  return `, zeros in place of its ${formatBytes(leftOut.end - leftOut.start)} from ${formatBytes(leftOut.start)} on,`
}

function sizedWords({ extended, cutTo }: ImageAddress['reading']): string {
  if (extended) return `, with zeros behind its end up to ${formatBytes(extended.to)},`
  if (cutTo === undefined) return ''
  return `, cut at ${sizeWords(cutTo)} with its GPT ending there – where a partition, a volume or a filesystem reaches behind, the run ends –`
}

/** Writes the disk of an image, chain and all, as a new image that is hidden until it is published. The source is only read. */
export const writeImage = defineAction({
  name: 'write-image',
  layer: 'L2',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: Input,
  outcome: Written,
  words: ({ source, image }) => ({
    title:
      source.reading.leftOut === undefined
        ? `Write ${nameOfKind(image.format, image.subformat)}`
        : 'Write the rest of the disk',
    does: `Reads the disk of ${sourceName(source.path)} with its chain${source.reading.withoutFree ? ', zeros in place of what its filesystems call free,' : ''}${leftOutWords(source.reading)}${sizedWords(source.reading)} and writes it as ${nameOfKind(image.format, image.subformat)} into a hidden file beside ${baseName(image.target)}; digests it on the way.${image.backing ? ` Holds only what differs from ${baseName(image.backing.path)}.` : ''}`,
  }),
  told: ({ dataBytes, fileSize, sharedBytes }) =>
    `${formatBytes(dataBytes)} of data; the file has ${formatBytes(fileSize)}${sharedBytes > 0 ? `, ${formatBytes(sharedBytes)} of it shared` : ''}`,
  undo: ({ image: { target, staging, format, subformat } }) => [
    call(discardStaged, { target, staging, format, subformat }),
  ],
})
