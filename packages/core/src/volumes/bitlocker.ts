import { signatureOf } from '../binary/text.ts'
import { formatGuid } from '../binary/uuid.ts'
import type { GuestRegion } from '../layers/guest-region.ts'
import { closedVolume, volumeFinding, type VolumeScan } from './volume-finding.ts'

/** What tells a removable drive's BitLocker from the FAT boot sector that it keeps for show. */
const toGoGuid = '4967D63B-2E29-4AD8-8399-F6A339E3D001'
const toGoGuidAt = 424

/** BitLocker, by its name in the boot sector, or on removable drives by its GUID (libbde, "BitLocker Drive Encryption format"). */
export async function recognise(region: GuestRegion): Promise<VolumeScan | null> {
  const head = await region.peek(0, 512)
  if (!head) return null
  const isFixed = signatureOf(head, 3, 8) === '-FVE-FS-'
  const isToGo = formatGuid(head.subarray(toGoGuidAt, toGoGuidAt + 16)) === toGoGuid
  if (!isFixed && !isToGo) return null
  const notes = isToGo ? ['BitLocker To Go'] : []
  return closedVolume(volumeFinding(region, { type: 'bitlocker', sure: 'signature', notes }))
}
