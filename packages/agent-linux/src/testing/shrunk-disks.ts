import { blankDisk } from './guest-disks.ts'

/** MiB at which the last partition of both disks begins. */
export const rootAt = 12

/** A raw disk with a GPT: a partition for GRUB, an ESP, and a root that ends a MiB before the disk, all blank. */
export async function guestDisk(path: string, size: number): Promise<string> {
  const root = (size - rootAt - 1) * 2048
  const table = [
    'label: gpt',
    'label-id: 33333333-3333-4333-8333-3333333333AA',
    'first-lba: 34',
    'start=34, size=2014, type=21686148-6449-6E6F-744E-656564454649, name="bios"',
    'start=2048, size=22528, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="ESP"',
    `start=${rootAt * 2048}, size=${root}, name="root", uuid=44444444-4444-4444-8444-4444444444BB, attrs="LegacyBIOSBootable"`,
  ]
  return await blankDisk({ path, size, table: table.join('\n') })
}

/** A raw disk with an MBR: a boot partition that is marked, and a root that ends with the disk, both blank. */
export async function bootDisk(path: string, size: number): Promise<string> {
  const table = [
    'label: dos',
    'label-id: 0x11223344',
    'start=2048, size=20480, type=83, bootable',
    `start=${rootAt * 2048}, type=83`,
  ]
  return await blankDisk({ path, size, table: table.join('\n') })
}
