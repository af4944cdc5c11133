import { formatBytes } from '@varve/core/units/format-bytes'
import { nameOfKind } from '@varve/core/formats/writable-formats'
import { Bytes, FormatName, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { writingToolRules, writingTools } from '../convert/writing-tools.ts'
import { call, defineAction } from './action.ts'
import { discardStaged } from './discard-staged.ts'
import { forgetMedia } from './forget-media.ts'
import { Staged, StagingId } from './new-image.ts'
import { baseName, sourceName } from './path-words.ts'

const Input = z.lazy(() =>
  z.object({
    tool: z.enum(writingTools),
    source: z.object({
      /** Absolute. */
      path: Path,
      format: FormatName,
    }),
    image: Staged,
  }),
)

/** Has a tool read an image and write its disk as a new one, which is hidden until it is proven and published. */
export const writeByTool = defineAction({
  name: 'write-by-tool',
  layer: 'L2',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: Input,
  outcome: z.lazy(() =>
    z.object({
      staging: StagingId,
      /** The number of the image on its filesystem. */
      file: z.string().nullable(),
      fileSize: Bytes,
      /** Names of its parts beside it. */
      parts: z.array(z.string()).default([]),
      /** What a hypervisor has noted of the images that it was given, and did not know before. */
      media: z.array(Path).default([]),
    }),
  ),
  words: ({ tool, source, image }) => {
    const { label } = writingToolRules[tool]
    const kind = nameOfKind(image.format, image.subformat)
    return {
      title: `Have ${label} write ${kind}`,
      does: `Has ${label} read the disk of ${sourceName(source.path)} and write it as ${kind} into a hidden folder beside ${baseName(image.target)}.`,
    }
  },
  told: ({ fileSize }) => `the file has ${formatBytes(fileSize)}`,
  undo: ({ tool, image }, outcome) => [
    call(discardStaged, writtenFolder(image)),
    call(discardStaged, image),
    ...(tool === 'vboxmanage' ? [call(forgetMedia, { image, media: outcome?.media ?? [] })] : []),
  ],
})

/** The hidden folder in which a tool writes, as what is staged: it has the name there that it is to get. */
export function writtenFolder({ target, staging, format }: Staged): Staged {
  return { target, staging: `${staging.slice(0, 59)}-tool`, format, subformat: null }
}
