import { basename } from 'node:path'
import { backingOf } from '@varve/engine/staging/backing'
import { createStaged } from '@varve/engine/staging/write-staged'
import { withTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'
import { writeChoices } from '../write-choices.ts'

/** Writes an image that holds nothing of its own as a hidden one beside the target. */
export const createImage = nativeAdapter('create-image', {
  calls:
    'open(2) with O_EXCL of a hidden file, ioctl(2) FS_IOC_SETFLAGS where it is to be written in place, fallocate(2) of reserved room, pwrite(2) of its tables',

  async run({ size, image, noCow }, { ports, signal }) {
    const { staging, backing: below } = image
    const parent = below && { kind: 'image' as const, roots: ports.roots, ...below }
    const backing = parent ? await backingOf(image, parent) : undefined
    const written = await withTarget(ports, image.target, async (target) =>
      createStaged(
        {
          image: { ...image, target },
          readAs: image.target,
          roots: ports.roots,
          virtualSize: size,
          choices: writeChoices(image),
          backing,
          noCow,
        },
        signal,
      ),
    )
    const { virtualSize, fileSize, parts, digest, seconds, file } = written
    const names = parts.map((part) => basename(part))
    return {
      staging,
      file,
      digest,
      virtualSize,
      dataBytes: 0,
      fileSize,
      sharedBytes: 0,
      parts: names,
      zeroed: [],
      seconds,
    }
  },
})
