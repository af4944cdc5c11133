import { rm } from 'node:fs/promises'
import { editFile, finishEdit, readIfWhole, undoFilePath } from '@varve/engine/images/edit-file'
import { withRepoint } from '@varve/engine/repoint/plan-repoint'
import { dirname } from 'node:path'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'
import type { ActionPorts } from '../adapter.ts'

/** Rewrites what an image says of its parent. */
export const repointParent = nativeAdapter('repoint-parent', {
  calls: 'pwrite(2) and fsync(2) of the undo file, then pwrite(2) and fsync(2) of the image',

  async run(input, { ports }) {
    const { path, undo } = input
    await assertTarget(ports, path)
    const options = { roots: ports.roots, undoFile: undoFilePath(path, undo) }
    const bytes = (await finishEdit(path, options))
      ? await bytesOf(options.undoFile)
      : await begin(input, ports, options.undoFile)
    ports.onFolderChanged?.(dirname(path))
    return { path, bytes }
  },
})

async function begin(
  { path, parent }: ActionInput<'repoint-parent'>,
  { roots }: ActionPorts,
  undoFile: string,
): Promise<number> {
  // One that was cut off: nothing of the image was written.
  await rm(undoFile, { force: true })
  const repoint = { image: path, parent: parent.path, parentFormat: parent.format, roots }
  return await withRepoint(repoint, async ({ file, writes }) => {
    if (writes.length > 0) await editFile(file, writes, { undoFile })
    return writes.reduce((sum, { bytes }) => sum + bytes.length, 0)
  })
}

async function bytesOf(undoFile: string): Promise<number> {
  const kept = await readIfWhole(undoFile)
  return kept?.records.reduce((sum, { after }) => sum + after.length, 0) ?? 0
}
