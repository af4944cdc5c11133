import { join } from 'node:path'
import { toErrorRecord } from '@varve/core/problems/disk-error'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { keptImage, type QuarantineEntry } from '@varve/engine/quarantine/entry'
import { findEntries } from '@varve/engine/quarantine/index-of-entries'
import { nativeAdapter } from '../native.ts'

/** Agents tell of their libraries only. */
export const listQuarantine = nativeAdapter('list-quarantine', {
  calls: 'readdir(3) of the folders, open(2) and read(2) of the manifests',

  async run({ folders }, { ports: { roots, stateFolder } }) {
    const { entries, faults } = await findEntries(stateFolder, roots ?? folders)
    const inside = roots && libraryRoots(roots)
    const own = inside ? entries.filter(({ folder }) => inside.holds(folder)) : entries
    return { entries: own.map(toldEntry), faults: faults.map((fault) => toErrorRecord(fault, fault.file)) }
  },
})

/** What an entry keeps, with all its files. */
export function toldEntry(entry: QuarantineEntry) {
  const { folder, manifest, path } = entry
  return {
    ...keptImage(entry),
    digest: manifest.digest,
    files: manifest.files.map((file) => ({ path: join(folder, file.path), bytes: file.size })),
    entry: path,
  }
}
