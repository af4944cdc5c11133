import { copyFile } from '@varve/engine/staging/copy-file'
import { openStaging } from '@varve/engine/staging/staging'
import { assertUnused } from '@varve/engine/images/edit-file'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'

/** Copies a file into the hidden place of a staged image. */
export const stageCopy = nativeAdapter('stage-copy', {
  calls: 'ioctl(2) FICLONERANGE, or pread(2) and pwrite(2) of its data into a hidden file, fsync(2)',

  async run({ source, image }, { ports, signal, onProgress }) {
    await assertTarget(ports, source)
    await assertTarget(ports, image.target)
    await assertUnused(source)
    const staging = openStaging(image)
    await staging.prepare()
    const copied = await copyFile(source, staging.path, {
      signal,
      onProgress: (done, total) =>
        onProgress({ of: 'tool', progress: { fraction: total === 0 ? 1 : done / total } }),
    })
    await assertUnused(source)
    const { bytes: fileSize, sharedBytes } = copied
    return { staging: image.staging, file: await staging.identity(), fileSize, sharedBytes }
  },
})
