import { rmdir } from 'node:fs/promises'
import { noteEntry } from '@varve/engine/quarantine/index-of-entries'
import { replaceFiles } from '@varve/engine/quarantine/replace'
import { stagedPath } from '@varve/engine/files/staged-name'
import { confirmStagedProof } from '../kept-proofs.ts'
import { nativeAdapter } from '../native.ts'
import { stagedFiles } from './staged-files.ts'
import { assertNotUsed } from '../unused.ts'

export const replaceImage = nativeAdapter('replace-image', {
  calls:
    'writes and flushes a manifest, link(2), rename(2) of a file, renameat2(2) with RENAME_EXCHANGE of a folder, fsync(2) of the folders',
  async run({ image, quarantine }, { ports }) {
    const { target } = image
    await assertNotUsed([target], ports)
    await noteEntry(ports.stateFolder, target, quarantine)
    const entry = await replaceFiles(target, {
      id: quarantine,
      roots: ports.roots,
      async incoming() {
        const files = await stagedFiles(image)
        for (const { from, to } of files) await ports.windowsHost?.copyAccess(to, from)
        return files
      },
    })
    // The hidden folder of several files is empty now; a single file has gone.
    await rmdir(stagedPath(target, image.staging)).catch(() => {})
    await confirmStagedProof(ports, image)
    ports.onFolderChanged?.(entry.folder)
    return { path: target, quarantine, until: entry.manifest.until }
  },
})
