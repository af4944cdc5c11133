import { signatureOf } from '../binary/text.ts'
import { formatGuid } from '../binary/uuid.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { closedVolume, volumeFinding, type VolumeScan } from './volume-finding.ts'

/** Where its header was seen: at the start of the partition, in early versions one page later. */
const headerPlaces = [0, 4096]

/**
 * A disk of a Storage Spaces pool: the header `SPACEDB ` says at which 16-byte unit the GUIDs of pool and disk lie. The
 * format is not published; what was observed is read and the rest is left alone.
 */
export async function recognise(region: GuestRegion): Promise<VolumeScan | null> {
  for (const at of headerPlaces) {
    const header = await region.peek(at, 512)
    if (!header || signatureOf(header, 0, 8) !== 'SPACEDB ') continue
    const guidsAt = ((header[8] ?? 0) | ((header[9] ?? 0) << 8)) * 16
    const notes = ['its database was found']
    if (guidsAt < 16 || guidsAt + 32 > header.length) {
      return closedVolume(volumeFinding(region, { type: 'storage-spaces', sure: 'signature', notes }))
    }
    const group = formatGuid(header.subarray(guidsAt, guidsAt + 16))
    const uuid = formatGuid(header.subarray(guidsAt + 16, guidsAt + 32))
    return closedVolume(
      volumeFinding(region, { type: 'storage-spaces', sure: 'signature', uuid, group, notes }),
    )
  }
  return null
}
