import { dirname, resolve } from 'node:path'
import { inFolder } from '@varve/engine/files/held-folder'
import { readEntry } from '@varve/engine/quarantine/entry'
import { forgetEntry } from '@varve/engine/quarantine/index-of-entries'
import { purge } from '@varve/engine/quarantine/restore'
import { nativeAdapter } from '../native.ts'

export const purgeImage = nativeAdapter('purge-image', {
  calls: 'rename(2) of the manifest, so that nothing half removed is restored; unlink(2) of each file',
  async run({ quarantine, at }, { ports }) {
    const entry = await inFolder(dirname(resolve(at)), ports.roots, async (held) => {
      const known = await readEntry(held.path, quarantine)
      await purge(held.path, quarantine)
      return known
    })
    await forgetEntry(ports.stateFolder, quarantine)
    return { bytes: entry && entry.manifest.files.reduce((sum, { size }) => sum + size, 0) }
  },
})
