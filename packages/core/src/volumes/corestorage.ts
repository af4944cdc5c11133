import { formatUuid } from '../binary/uuid.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { closedVolume, volumeFinding, type VolumeScan } from './volume-finding.ts'

/** CoreStorage physical volume header (libfvde, "FileVault Drive Encryption format"): block type 0x10, `CS` at 88. */
export async function recognise(region: GuestRegion): Promise<VolumeScan | null> {
  const head = await region.peek(0, 512)
  if (head?.[8] !== 1 || head[10] !== 0x10 || head[88] !== 0x43 || head[89] !== 0x53) return null
  const uuid = formatUuid(head.subarray(304, 320)).toUpperCase()
  const group = formatUuid(head.subarray(320, 336)).toUpperCase()
  return closedVolume(volumeFinding(region, { type: 'corestorage', sure: 'signature', uuid, group }))
}
