import { toErrorRecord } from '@varve/core/problems/disk-error'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { findEntries } from '@varve/engine/quarantine/index-of-entries'
import { keptImage } from '@varve/engine/quarantine/entry'
import type { JobHandler } from './job-context.ts'

/** Entries and faults of one answer, at most. */
const mostEntries = 1000
const mostFaults = 100

/** What lies in the quarantines of this host's libraries. */
export const quarantineJob: JobHandler<'quarantine'> = async (_request, { ports }) => {
  const folders = ports.libraries.map(({ root }) => root)
  const { stateFolder } = ports.here.actions
  const { entries, faults } = await findEntries(stateFolder, folders)
  const inside = libraryRoots(folders)
  const own = entries.filter(({ folder }) => inside.holds(folder))
  return {
    kind: 'quarantine',
    entries: own.slice(0, mostEntries).map(keptImage),
    more: Math.max(0, own.length - mostEntries),
    faults: faults.slice(0, mostFaults).map((fault) => toErrorRecord(fault, fault.file)),
  }
}
