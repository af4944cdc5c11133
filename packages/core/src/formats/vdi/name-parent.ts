import { parseGuid } from '../../binary/uuid.ts'
import { assertSameFormat, notNameable, type ParentImage } from '../../image/parent-image.ts'
import type { VdiHeader } from './header.ts'

/** How the image `file` names its parent: by its UUID, and by that of the last change of its content. Throws `refused`. */
export function linksTo(
  file: string,
  parent: Pick<ParentImage, 'facts'>,
): Pick<VdiHeader, 'uuidLinkage' | 'uuidParentModify'> {
  assertSameFormat(file, 'vdi', parent)
  const { identity, content } = parent.facts
  if (identity.kind !== 'uuid')
    throw notNameable(file, 'it has no UUID', 'Write the new parent anew with varve convert.')
  return {
    uuidLinkage: parseGuid(identity.uuid),
    uuidParentModify: content?.kind === 'uuid' ? parseGuid(content.uuid) : new Uint8Array(16),
  }
}
