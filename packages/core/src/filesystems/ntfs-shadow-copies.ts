import { bytes, u64le } from '../binary/fields.ts'
import { struct } from '../binary/struct.ts'
import { toHex } from '../binary/hex.ts'
import type { GuestRegion } from '../guest/guest-region.ts'

/** Volume Shadow Snapshot format (libvshadow documentation), "Volume header". */
const volumeHeader = struct('shadow copy header', 56, {
  identity: [0, bytes(16)],
  catalogAt: [48, u64le],
})
const headerAt = 0x1e00
const identity = '6b87083876c1484eb7ae04046e6cc752'
const catalogLength = 64 * 1024
const blockLength = 16 * 1024
const entryLength = 128
/** Types of entries of the catalog: a shadow copy, and where its blocks lie. */
const inUse = [2, 3]

/** Whether the volume has shadow copies: what lies in its free clusters may be theirs. */
export async function keepsShadowCopies(region: GuestRegion): Promise<boolean> {
  const head = await region.peek(headerAt, volumeHeader.size)
  if (!head || toHex(head.subarray(0, 16)) !== identity) return false
  const { catalogAt } = volumeHeader.read(head, region.name)
  if (catalogAt === 0) return false
  const catalog = await region.peek(catalogAt, catalogLength)
  // It says that there is one, and nobody can look: who is in doubt keeps it.
  if (!catalog || toHex(catalog.subarray(0, 16)) !== identity) return true
  const view = new DataView(catalog.buffer, catalog.byteOffset, catalog.length)
  for (let block = 0; block < catalog.length; block += blockLength)
    for (let at = block + entryLength; at + entryLength <= block + blockLength; at += entryLength)
      if (inUse.includes(view.getUint32(at, true))) return true
  return false
}
