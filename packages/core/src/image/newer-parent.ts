import { quote } from '../problems/disk-error.ts'
import type { Problem } from '../problems/problem.ts'
import type { ImageFile } from './image-files.ts'

/** What to do about a parent that was written to. */
export const parentRemedy =
  'A parent must not be written to while it has children. Compare with a copy of the parent from before, and check the guest’s filesystems.'

/** Files that were copied or unpacked together may be this far apart, and say nothing. */
const copiedTogetherMs = 100

/**
 * A parent whose file changed last after its child's did, which is all that qcow2, VHD and Parallels tell: a copy has
 * newer times too, so it says what the times can say. Null for devices, which have no times of their content.
 */
export function newerParent(child: ImageFile, parent: ImageFile): Problem | null {
  if (child.allocated === null || parent.allocated === null) return null
  const [written, writtenParent] = [child.fingerprint.modifiedMs, parent.fingerprint.modifiedMs]
  if (writtenParent <= written) return null
  const { createdMs = null } = parent.fingerprint
  const mayBeCopy = createdMs === null || createdMs > written
  if (mayBeCopy && writtenParent - written < copiedTogetherMs) return null
  const times = `${timeText(writtenParent)}, after this image was at ${timeText(written)}`
  return {
    id: 'parent-newer',
    severity: mayBeCopy ? 'info' : 'warn',
    layer: 'L2',
    file: child.path,
    message: mayBeCopy
      ? `Its parent ${quote(parent.path)} was last changed at ${times}. It came to its place after that, so it may be an unchanged copy: times do not tell.`
      : `Its parent ${quote(parent.path)} was there before and was last written to at ${times}. If its disk changed, this image does not fit it any more.`,
    remedy: parentRemedy,
  }
}

/** Milliseconds since 1970 as people and scripts read them. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
