import { equalBytes } from '../binary/equal-bytes.ts'
import { signatureOf } from '../binary/text.ts'
import type { GuestRegion } from '../guest/guest-region.ts'

/** BPB_HiddSec: the sectors before the partition (FAT specification 1.03; NTFS has it at the same place). */
const hiddenAt = 28
const sectorLength = 512
const mostSectors = 0xffff_ffff

export interface Beginning {
  /** Byte of the disk at which the partition began, as its boot sector says. */
  readonly from: number
  /** Byte of the disk at which it begins now. */
  readonly to: number
  /** Of the disk, in which both are counted. */
  readonly sectorSize: number
}

/** Bytes of a partition that are to be written, from its beginning. */
export interface BootSectorPiece {
  readonly at: number
  readonly bytes: Uint8Array
}

/**
 * The boot sectors of an NTFS or a FAT with the place at which the partition begins now, the copy first; none where the
 * partition holds another filesystem, or one whose boot sector says another place than `from`.
 */
export async function bootSectorsAt(
  partition: GuestRegion,
  { from, to, sectorSize }: Beginning,
): Promise<BootSectorPiece[]> {
  const first = await partition.peek(0, sectorLength)
  if (first === null || first[510] !== 0x55 || first[511] !== 0xaa) return []
  const copyAt = copyOf(first)
  if (copyAt === null || to / sectorSize > mostSectors || hiddenOf(first) !== from / sectorSize) return []
  const told = first.slice()
  new DataView(told.buffer).setUint32(hiddenAt, to / sectorSize, true)
  const copy = copyAt === 0 ? null : await partition.peek(copyAt, sectorLength)
  const hasCopy = copy !== null && equalBytes(copy, first, { start: 0, end: sectorLength })
  return [...(hasCopy ? [{ at: copyAt, bytes: told }] : []), { at: 0, bytes: told }]
}

/** Byte of the partition where the copy of its boot sector lies, 0 without one; null: it is neither NTFS nor FAT. */
function copyOf(sector: Uint8Array): number | null {
  const view = viewOf(sector)
  const bytesPerSector = view.getUint16(11, true)
  if (signatureOf(sector, 3, 8) === 'NTFS    ') return Number(view.getBigUint64(40, true)) * bytesPerSector
  if (signatureOf(sector, 82, 5) === 'FAT32') return view.getUint16(50, true) * bytesPerSector
  return /^FAT1[26 ]/u.test(signatureOf(sector, 54, 5)) ? 0 : null
}

function hiddenOf(sector: Uint8Array): number {
  return viewOf(sector).getUint32(hiddenAt, true)
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
