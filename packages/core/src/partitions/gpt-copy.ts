import { crc32 } from '../binary/crc32.ts'
import { ascii, bytes, u32le, u64le } from '../binary/fields.ts'
import { struct, type StructValue } from '../binary/struct.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { isDiskError } from '../problems/disk-error.ts'

/** UEFI 2.10 section 5.3.2, table "GPT header". */
export const gptHeader = struct('GPT header', 92, {
  signature: [0, ascii(8)],
  revision: [8, u32le],
  headerSize: [12, u32le],
  headerCrc: [16, u32le],
  ownSector: [24, u64le],
  otherSector: [32, u64le],
  firstUsable: [40, u64le],
  lastUsable: [48, u64le],
  diskGuid: [56, bytes(16)],
  entriesSector: [72, u64le],
  entryCount: [80, u32le],
  entrySize: [84, u32le],
  entriesCrc: [88, u32le],
})
export type GptHeader = StructValue<typeof gptHeader>

/** Entries of one table, and bytes of all: far above what any tool writes (128 of 128 bytes). */
const maxEntries = 4096
const maxEntriesLength = 1024 * 1024

/** One of the two copies of a GPT: `absent` has no signature. */
export type GptCopy =
  | { readonly kind: 'good'; readonly header: GptHeader; readonly entries: Uint8Array }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'absent' }

/** The copy whose header lies in `sector`, with both checksums verified. */
export async function readGptCopy(
  disk: GuestRegion,
  place: { readonly sectorSize: number; readonly sector: number },
): Promise<GptCopy> {
  const { sectorSize, sector } = place
  const bytesOfHeader = await disk.peek(sector * sectorSize, sectorSize)
  if (!bytesOfHeader || String.fromCharCode(...bytesOfHeader.subarray(0, 8)) !== 'EFI PART') {
    return { kind: 'absent' }
  }
  try {
    const header = gptHeader.read(bytesOfHeader, disk.name)
    const wrong = contradiction(header, bytesOfHeader, place)
    if (wrong !== null) return { kind: 'damaged', reason: wrong }
    const entries = await disk.peek(header.entriesSector * sectorSize, header.entryCount * header.entrySize)
    if (!entries) return { kind: 'damaged', reason: 'its entries lie beyond the disk' }
    if (crc32(entries) !== header.entriesCrc) {
      return { kind: 'damaged', reason: 'the checksum of its entries is wrong' }
    }
    return { kind: 'good', header, entries }
  } catch (error) {
    if (isDiskError(error, 'limit-exceeded'))
      return { kind: 'damaged', reason: 'a sector number is impossible' }
    throw error
  }
}

function contradiction(
  header: GptHeader,
  sectorBytes: Uint8Array,
  { sectorSize, sector }: { readonly sectorSize: number; readonly sector: number },
): string | null {
  const { headerSize, entryCount, entrySize } = header
  if (headerSize < gptHeader.size || headerSize > sectorSize) return `its header claims ${headerSize} bytes`
  const checked = sectorBytes.slice(0, headerSize)
  checked.fill(0, 16, 20)
  if (crc32(checked) !== header.headerCrc) return 'the checksum of its header is wrong'
  if (header.ownSector !== sector) return `it belongs to sector ${header.ownSector}, not ${sector}`
  if (entrySize < 128 || entrySize > 4096 || entrySize % 8 !== 0)
    return `its entries claim ${entrySize} bytes each`
  if (entryCount > maxEntries || entryCount * entrySize > maxEntriesLength) {
    return `it claims ${entryCount} entries of ${entrySize} bytes`
  }
  return null
}
