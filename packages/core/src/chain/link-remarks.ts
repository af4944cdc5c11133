import { quote } from '../problems/disk-error.ts'
import type { Problem } from '../problems/problem.ts'
import { readFileEnds, recogniseFormat } from '../image/detect-format.ts'
import { describeForeign } from './foreign-file.ts'
import { formatRules, type FormatName } from '../image/format-rules.ts'
import type { ImageFacts, ParentReference } from '../image/image-facts.ts'
import type { ImageFile } from '../image/image-files.ts'
import { newerParent, parentRemedy as remedy, timeText } from '../image/newer-parent.ts'

/** A file of a chain as far as it is compared with its neighbour. */
export interface ComparedLink {
  readonly file: ImageFile
  readonly facts: ImageFacts
}

/** Remarks of which the format itself is the proof: what is read may not be what the guest wrote. */
export const provenRemarks: ReadonlySet<string> = new Set(['parent-written'])

/**
 * What child and parent say about each other though the chain can be read: that the parent was written to after the child
 * was made, and that it is not of the format that the child says.
 */
export async function linkRemarks(
  child: ComparedLink,
  parent: ComparedLink,
  reference: ParentReference,
): Promise<Problem[]> {
  const remarks = [writtenParent(child, parent, reference), await otherFormat(child, parent, reference)]
  return remarks.filter((remark) => remark !== null)
}

function writtenParent(
  child: ComparedLink,
  parent: ComparedLink,
  { content: kept }: ParentReference,
): Problem | null {
  const found = parent.facts.content ?? null
  if (kept?.kind === 'uuid' && found?.kind === 'uuid') {
    if (kept.uuid.toLowerCase() === found.uuid.toLowerCase()) return null
    return {
      id: 'parent-written',
      severity: 'warn',
      layer: 'L2',
      file: child.file.path,
      message: `Its parent ${quote(parent.file.path)} was written to after this image was made: its modification UUID is ${found.uuid}, this image keeps ${kept.uuid}.`,
      remedy,
    }
  }
  if (kept?.kind === 'time' && found?.kind === 'time' && found.ms > kept.ms) {
    return {
      id: 'parent-newer',
      severity: 'warn',
      layer: 'L2',
      file: child.file.path,
      message: `Its parent ${quote(parent.file.path)} says that it is of ${timeText(found.ms)}, later than the ${timeText(kept.ms)} that this image keeps of it.`,
      remedy,
    }
  }
  return saysContent(child, parent) ? null : newerParent(child.file, parent.file)
}

/** Whether the format of the child would show a written parent by something better than the times of files. */
function saysContent({ facts: child }: ComparedLink, { facts: parent }: ComparedLink): boolean {
  return (
    child.parent?.identity?.kind === 'content-id' ||
    child.format === 'vhdx' ||
    parent.content?.kind === 'uuid'
  )
}

async function otherFormat(
  child: ComparedLink,
  { file }: ComparedLink,
  { format: said }: ParentReference,
): Promise<Problem | null> {
  // Other formats have parents of their own format only: a damaged one is named by its driver.
  if (child.facts.format !== 'qcow2' || said === null) return null
  const found = file.source.size === 0 ? null : recogniseFormat(await readFileEnds(file.source))
  if (found === said) return null
  const foreign = found === null && file.source.size > 0 ? await describeForeign(file.source) : null
  if (said === 'raw' && found === null && foreign === null) return null
  const unknown = foreign ?? 'no image of a kind that Varve knows, as a raw disk is'
  const is = found === null ? unknown : `a ${labelOf(found)} image`
  const common = {
    id: 'parent-format-differs',
    severity: 'warn',
    layer: 'L2',
    file: child.file.path,
  } as const
  const message = `It says that its backing file ${quote(file.path)} is ${said === 'raw' ? 'raw' : `a ${labelOf(said)} image`}; by its bytes it is ${is}.`
  if (said !== 'raw') {
    const advice = 'Find the backing file that this image was made over, or correct the format that it says.'
    return { ...common, message, remedy: advice }
  }
  return {
    ...common,
    message: `${message} It is read as raw, as QEMU reads it: the guest's disk is then the ${found === null ? 'bytes of that file' : 'container itself'}, not what is in it.`,
    remedy:
      found === null
        ? 'Find the raw disk that was meant, unpacked where it is packed, and put it in its place.'
        : `If it was meant as ${labelOf(found)}, correct the format with qemu-img rebase -u -F on a copy of this image.`,
    asks: true,
  }
}

function labelOf(format: FormatName): string {
  return formatRules[format].label
}
