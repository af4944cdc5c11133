import { readRange } from '../../binary/byte-source.ts'
import { parseGuid } from '../../binary/uuid.ts'
import type { ImageFile } from '../image-files.ts'
import { assertSameFormat, changedRuns, notNameable, type NewParent, type RepointPlan } from '../repoint.ts'
import { vdiHeader } from './header.ts'

/** Where the UUIDs of the parent begin. */
const uuidsAt = 424

/** The header with another parent's UUIDs: a VDI has no name of its parent, programs look for the UUID (docs/formats/names.md). */
export async function repointVdi(file: ImageFile, parent: NewParent): Promise<RepointPlan> {
  const { path, source } = file
  assertSameFormat(path, 'vdi', parent)
  const { identity, content } = parent.facts
  if (identity.kind !== 'uuid')
    throw notNameable(path, 'it has no UUID', 'Write the new parent anew with varve convert.')
  const old = await readRange(source, { start: 0, end: vdiHeader.size }, 'VDI header')
  const now = vdiHeader.write({
    ...vdiHeader.read(old, path),
    uuidLinkage: parseGuid(identity.uuid),
    uuidParentModify: content?.kind === 'uuid' ? parseGuid(content.uuid) : new Uint8Array(16),
  })
  // What the fields do not cover (the legacy geometry) stays as it was.
  const kept = old.slice()
  kept.set(now.subarray(uuidsAt, vdiHeader.size), uuidsAt)
  return {
    says: [`Its parent becomes the disk of UUID ${identity.uuid}.`],
    writes: changedRuns(old, kept, 0),
  }
}
