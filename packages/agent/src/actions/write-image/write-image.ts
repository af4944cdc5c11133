import { basename } from 'node:path'
import { backingOf } from '@varve/engine/staging/backing'
import { writeStaged } from '@varve/engine/staging/write-staged'
import { diskInput } from '../image-input.ts'
import { withTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'
import { runOptions } from '../run-options.ts'
import { writeChoices } from '../write-choices.ts'

/** Reads an image with its chain and writes its disk as a hidden one beside the target. */
export const writeImage = nativeAdapter('write-image', {
  calls: 'open(2) of the chain for reading, pread(2), pwrite(2) or copy_file_range(2) into a hidden file',

  async run({ source, inUse, reflink, image }, context) {
    const { ports } = context
    const { compression, backing: below, staging } = image
    const parent = below && { kind: 'image' as const, roots: ports.roots, ...below }
    const written = await withTarget(ports, image.target, async (target) =>
      writeStaged(
        {
          input: diskInput(source, ports),
          image: { ...image, target },
          compression,
          choices: writeChoices(image),
          backing: parent ? await backingOf(image, parent) : undefined,
          reflink,
        },
        { ...runOptions(context), inUse },
      ),
    )
    const { digest, virtualSize, dataBytes, fileSize, sharedBytes, parts, zeroed, seconds, file } = written
    const sizes = { virtualSize, dataBytes, fileSize, sharedBytes }
    return {
      staging,
      file,
      digest,
      ...sizes,
      parts: parts.map((part) => basename(part)),
      zeroed: zeroed.map(({ ranges, ...one }) => ({ ...one, ranges: [...ranges] })),
      seconds,
    }
  },
})
