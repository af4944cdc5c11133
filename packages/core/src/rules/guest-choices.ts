import type { WriteChoices } from '../image/image-choices.ts'
import type { WritableFormat } from '../formats/writable-formats.ts'
import { needsEfi } from '../scan/boot-firmware.ts'
import { holdsWindows, isOfArm } from '../scan/guest-system.ts'
import { guestSectors } from '../image/guest-sectors.ts'
import type { ImageReport } from '../image/image-report.ts'

/** What a new image says of the machine that its guest was set up on, where nobody says something else. */
export type GuestChoices = Pick<WriteChoices, 'logicalSectorSize' | 'firmware' | 'architecture' | 'guest'>

/** The choices that keep what the guest needs: sectors of 4,096 bytes in VHDX, UEFI in OVA, the whole machine in bundles of macOS. */
export function guestChoices(
  format: WritableFormat,
  report: Pick<ImageReport, 'guest' | 'details' | 'virtualSize'>,
): GuestChoices {
  if (format === 'ova') return needsEfi(report.guest) ? { firmware: 'efi' } : {}
  if (format === 'utm' || format === 'pvm') {
    const isArm = isOfArm(report.guest)
    return {
      ...((isArm || needsEfi(report.guest)) && { firmware: 'efi' }),
      ...(isArm && { architecture: 'aarch64' }),
      ...(holdsWindows(report.guest) && { guest: 'windows' }),
    }
  }
  if (format !== 'vhdx' || guestSectors(report)?.size !== 4096) return {}
  return (report.virtualSize ?? 0) % 4096 === 0 ? { logicalSectorSize: 4096 } : {}
}
