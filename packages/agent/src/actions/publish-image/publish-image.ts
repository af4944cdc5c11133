import { dirname } from 'node:path'
import { openStaging } from '@varve/engine/staging/staging'
import { withTarget } from '../inside-roots.ts'
import { confirmStagedProof } from '../kept-proofs.ts'
import { nativeAdapter } from '../native.ts'

/** Gives a staged image its name. */
export const publishImage = nativeAdapter('publish-image', {
  calls: 'fsync(2), renameat2(2) with RENAME_NOREPLACE, fsync(2) of the folder',

  async run({ target, file, durability, ...image }, { ports }) {
    await withTarget(ports, target, async (held) =>
      openStaging({ ...image, target: held }).publish({ file, durability }),
    )
    await confirmStagedProof(ports, { target, staging: image.staging })
    ports.onFolderChanged?.(dirname(target))
    return { path: target }
  },
})
