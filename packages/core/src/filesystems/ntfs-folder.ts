import type { GuestRegion } from '../guest/guest-region.ts'
import { findAttribute, readFixedUp, utf16, type FileRecord } from './ntfs-records.ts'
import { readStream, type NtfsStream } from './ntfs-runs.ts'

/** Depth of an index: each level holds some ten times the one above. */
const maxDepth = 8
const maxBlockSize = 64 * 1024
const attributes = { indexRoot: 0x90, indexAllocation: 0xa0 }
const folderIndex = '$I30'
const flags = { hasChild: 0x1, isLast: 0x2 }

/** A part of an index: entries in the order of their names. */
interface IndexNode {
  readonly bytes: Uint8Array
  /** Where its header lies, from which the entries' places count. */
  readonly headerAt: number
}

/** Where to look next: at the file, below, or nowhere. */
type Step =
  | { readonly kind: 'found'; readonly record: number }
  | { readonly kind: 'below'; readonly block: number }
  | { readonly kind: 'absent' }

/**
 * The file record of `name` (upper case, ASCII) in a folder's index (Linux-NTFS documentation, "Directory" and "Index");
 * null when it is not there or the index is damaged. Reads one index block per level.
 */
export async function findInFolder(
  region: GuestRegion,
  folder: FileRecord,
  { name, clusterSize }: { readonly name: string; readonly clusterSize: number },
): Promise<number | null> {
  const root = findAttribute(folder, attributes.indexRoot, folderIndex)
  if (root?.kind !== 'resident' || root.value.length < 32) return null
  const blockSize = viewOf(root.value).getUint32(8, true)
  if (blockSize < 512 || blockSize > maxBlockSize || blockSize % 512 !== 0) return null
  const blocks = findAttribute(folder, attributes.indexAllocation, folderIndex)
  const stream: NtfsStream | null =
    blocks?.kind === 'non-resident' ? { runs: blocks.runs, clusterSize } : null
  const unit = clusterSize <= blockSize ? clusterSize : 512
  let node: IndexNode = { bytes: root.value, headerAt: 16 }
  for (let depth = 0; depth < maxDepth; depth += 1) {
    const step = searchNode(node, name)
    if (step.kind === 'found') return step.record
    if (step.kind === 'absent' || stream === null) return null
    const found = await readStream(region, stream, { at: step.block * unit, length: blockSize })
    const block = found && readFixedUp(found, 'INDX')
    if (!block) return null
    node = { bytes: block.bytes, headerAt: 24 }
  }
  return null
}

function searchNode({ bytes, headerAt }: IndexNode, name: string): Step {
  const view = viewOf(bytes)
  const end = Math.min(bytes.length, headerAt + view.getUint32(headerAt + 4, true))
  let at = headerAt + view.getUint32(headerAt, true)
  while (at + 16 <= end) {
    const length = view.getUint16(at + 8, true)
    const flag = view.getUint16(at + 12, true)
    if (length < 16 || at + length > end) break
    const order = (flag & flags.isLast) === 0 ? compareNames(name, entryName(bytes, at, length)) : -1
    if (order === 0) return { kind: 'found', record: number48(view, at) }
    if (order < 0) {
      const hasChild = (flag & flags.hasChild) !== 0 && length >= 24
      return hasChild ? { kind: 'below', block: number48(view, at + length - 8) } : { kind: 'absent' }
    }
    at += length
  }
  return { kind: 'absent' }
}

/** The name inside the entry's copy of the `$FILE_NAME` attribute. */
function entryName(bytes: Uint8Array, at: number, length: number): string {
  const nameAt = at + 16 + 66
  const nameLength = (bytes[at + 16 + 64] ?? 0) * 2
  return nameAt + nameLength <= at + length ? utf16(bytes.subarray(nameAt, nameAt + nameLength)) : ''
}

/** Below zero when `a` comes first; only ASCII letters are folded, which is enough against a name of ASCII letters. */
function compareNames(a: string, b: string): number {
  const folded = b.replaceAll(/[a-z]/gu, (letter) => letter.toUpperCase())
  return a === folded ? 0 : a < folded ? -1 : 1
}

/** The lower 48 bits: a record's number without its sequence, a block's number that no volume exceeds. */
function number48(view: DataView, at: number): number {
  return view.getUint16(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
