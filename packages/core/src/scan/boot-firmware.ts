import type { GuestContents, PartitionTable } from '../guest/guest-contents.ts'

const efiSystem = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'
const biosBoot = '21686148-6449-6E6F-744E-656564454649'

/** Which firmware finds something to start on the disk, by its partitions. */
export function firmwareFor({ kind, partitions }: PartitionTable): {
  readonly efi: boolean
  readonly bios: boolean
} {
  return {
    efi: partitions.some(({ type }) => type === efiSystem || type === '0xEF'),
    bios:
      kind === 'mbr'
        ? partitions.some(({ bootable }) => bootable)
        : partitions.some(({ type }) => type === biosBoot),
  }
}

/** Whether a machine needs UEFI to start from the disk. */
export function needsEfi(guest: GuestContents | null): boolean {
  if (guest === null) return false
  const { efi, bios } = firmwareFor(guest.table)
  return efi && !bios
}
