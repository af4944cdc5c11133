import { libraryRoots } from '@varve/engine/files/library-roots'
import { folderOfImage, readEntry } from '@varve/engine/quarantine/entry'
import { forgetEntry } from '@varve/engine/quarantine/index-of-entries'
import { purge } from '@varve/engine/quarantine/restore'
import { nativeAdapter } from '../native.ts'

export const purgeImage = nativeAdapter('purge-image', {
  calls: 'rename(2) of the manifest, so that nothing half removed is restored; unlink(2) of each file',
  async run({ quarantine, at }, { ports }) {
    const folder = await folderOfImage(at)
    libraryRoots(ports.roots).assertInside(folder, at)
    const entry = await readEntry(folder, quarantine)
    await purge(folder, quarantine)
    await forgetEntry(ports.stateFolder, quarantine)
    return { bytes: entry && entry.manifest.files.reduce((sum, { size }) => sum + size, 0) }
  },
})
