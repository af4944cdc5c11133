import { dirname } from 'node:path'
import { takeBackEdit as takeBack, undoFilePath } from '@varve/engine/images/edit-file'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'

/** Puts back what an edit overwrote. */
export const takeBackEdit = nativeAdapter('take-back-edit', {
  calls: 'pwrite(2) and fsync(2) of the image, unlink(2) of the undo file',

  async run({ path, undo }, { ports }) {
    await assertTarget(ports, path)
    await takeBack(path, { roots: ports.roots, undoFile: undoFilePath(path, undo) })
    ports.onFolderChanged?.(dirname(path))
    return {}
  },
})
