import { rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { hostNames } from '@varve/engine/quarantine/names'
import { moveAll } from '@varve/engine/quarantine/swap'
import { assertTarget } from '../inside-roots.ts'
import { moveKeptProof } from '../kept-proofs.ts'
import { nativeAdapter } from '../native.ts'
import { assertNotUsed } from '../unused.ts'

export const moveImage = nativeAdapter('move-image', {
  calls:
    'renameat2(2) with RENAME_NOREPLACE (several files: link(2), then unlink(2)), fsync(2) of the folders',
  async run({ files, emptied }, { ports }) {
    for (const { from, to } of files) {
      await assertTarget(ports, from)
      await assertTarget(ports, to)
    }
    await assertNotUsed(
      files.map(({ from }) => from),
      ports,
    )
    await moveAll(files, hostNames)
    // What is not empty is somebody else's.
    if (emptied !== null) await rmdir(emptied).catch(() => {})
    const own = files.at(-1)
    if (own) await moveKeptProof(ports, own.from, own.to)
    for (const folder of new Set(files.flatMap(({ from, to }) => [dirname(from), dirname(to)])))
      ports.onFolderChanged?.(folder)
    return { path: files.at(-1)?.to ?? '' }
  },
})
