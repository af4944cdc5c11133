import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runToolOk } from '@varve/test-kit/tools'
import type { Lab } from '../machine/start-lab.ts'

/** A guest that boots by the BIOS from MBR and ext4, or by UEFI from GPT, ESP, LVM and ext4. */
export type GuestKind = 'bios' | 'uefi'

const grubFolder = '/usr/lib/grub'

/** Lays ready in `lab` what bootable guests are made of. `labFolder`: where its kernel lies. */
export async function prepareGuests(lab: Lab, labFolder: string): Promise<void> {
  const grub = join(lab.share, 'grub')
  await mkdir(grub)
  await cp(resolve(import.meta.dirname, 'guest'), join(lab.share, 'guest'), { recursive: true })
  await copyFile(join(labFolder, 'vmlinuz'), join(lab.share, 'guest/vmlinuz'))
  await copyFile(join(grubFolder, 'i386-pc/boot.img'), join(grub, 'boot.img'))
  const common = ['ext2', 'linux', 'normal', 'configfile', 'search', 'search_fs_uuid', 'serial', 'terminal']
  const [bios, uefi] = [join(grub, 'bios.img'), join(grub, 'uefi.efi')]
  const forBios = ['-O', 'i386-pc', '-o', bios, '-p', '(hd0,msdos1)/boot/grub', 'biosdisk', 'part_msdos']
  await runToolOk('grub-mkimage', [...forBios, ...common])
  const early = join(grub, 'early.cfg')
  await writeFile(
    early,
    'search --no-floppy --fs-uuid --set=root 22222222-2222-4222-8222-222222222222\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n',
  )
  const forUefi = ['-O', 'x86_64-efi', '-c', early, '-o', uefi, '-p', '/boot/grub', 'part_gpt', 'lvm', 'fat']
  await runToolOk('grub-mkimage', [...forUefi, 'all_video', ...common])
}

/** Makes the disk of a guest as the raw file `path` of the lab. */
export async function makeGuest(lab: Lab, kind: GuestKind, path: string): Promise<void> {
  await lab.ok(`bash /host/guest/make-disk.sh ${kind} ${path}`)
}
