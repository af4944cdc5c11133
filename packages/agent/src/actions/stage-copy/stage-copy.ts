import { copyFile, type CopyFileOptions } from '@varve/engine/staging/copy-file'
import { openStaging } from '@varve/engine/staging/staging'
import { assertUnused } from '@varve/engine/images/edit-file'
import { assertTarget, withTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'

/** Copies a file into the hidden place of a staged image. */
export const stageCopy = nativeAdapter('stage-copy', {
  calls: 'ioctl(2) FICLONERANGE, or pread(2) and pwrite(2) of its data into a hidden file, fsync(2)',

  async run({ source, image }, { ports, signal, onProgress }) {
    await assertTarget(ports, source)
    await assertUnused(source)
    const { copied, file } = await withTarget(ports, image.target, async (target) => {
      const staging = openStaging({ ...image, target })
      await staging.prepare()
      const options: CopyFileOptions = {
        signal,
        roots: ports.roots,
        onProgress: (done, total) =>
          onProgress({ of: 'tool', progress: { fraction: total === 0 ? 1 : done / total } }),
      }
      return { copied: await copyFile(source, staging.path, options), file: await staging.identity() }
    })
    await assertUnused(source)
    const { bytes: fileSize, sharedBytes } = copied
    return { staging: image.staging, file, fileSize, sharedBytes }
  },
})
