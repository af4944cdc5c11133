import { readRange } from '../../binary/byte-source.ts'
import { formatGuid } from '../../binary/uuid.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { changedRuns, type NewParent, type RepointPlan } from '../../image/repoint.ts'
import { vdiHeader } from './header.ts'
import { linksTo } from './name-parent.ts'

/** Where the UUIDs of the parent begin. */
const uuidsAt = 424

/** The header with another parent's UUIDs: a VDI has no name of its parent, programs look for the UUID (docs/formats/names.md). */
export async function repointVdi(file: ImageFile, parent: NewParent): Promise<RepointPlan> {
  const { path, source } = file
  const links = linksTo(path, parent)
  const old = await readRange(source, { start: 0, end: vdiHeader.size }, 'VDI header')
  const now = vdiHeader.write({
    ...vdiHeader.read(old, path),
    ...links,
  })
  // What the fields do not cover (the legacy geometry) stays as it was.
  const kept = old.slice()
  kept.set(now.subarray(uuidsAt, vdiHeader.size), uuidsAt)
  return {
    says: [`Its parent becomes the disk of UUID ${formatGuid(links.uuidLinkage)}.`],
    writes: changedRuns(old, kept, 0),
  }
}
