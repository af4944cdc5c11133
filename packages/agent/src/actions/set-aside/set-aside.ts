import { join } from 'node:path'
import { noteEntry } from '@varve/engine/quarantine/index-of-entries'
import { knownEntry, setAside as setAsideFiles } from '@varve/engine/quarantine/set-aside'
import { fileIdentity } from '@varve/engine/staging/file-identity'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'
import { assertNotUsed } from '../unused.ts'

export const setAside = nativeAdapter('set-aside', {
  calls:
    'writes and flushes a manifest, renameat2(2) with RENAME_NOREPLACE (several files: link(2), unlink(2)), fsync(2) of the folders',
  async run({ path, quarantine, why, only, digest = null }, { ports }) {
    if (only !== null) {
      await assertTarget(ports, path)
      const isIt = (await fileIdentity(path)) === only
      // Begun before, it has to come to its end, whoever has the name now.
      if (!isIt && (await knownEntry(path, quarantine)) === null)
        return { quarantine, moved: [], until: new Date().toISOString() }
    }
    // What a run made itself is taken back whoever looks at it.
    if (why === 'deleted') await assertNotUsed([path], ports)
    await noteEntry(ports.stateFolder, path, quarantine)
    const entry = await setAsideFiles(path, { id: quarantine, why, digest, roots: ports.roots })
    const { folder, manifest } = entry
    ports.onFolderChanged?.(folder)
    return {
      quarantine,
      moved: manifest.files.map((file) => join(folder, file.path)),
      until: manifest.until,
    }
  },
})
