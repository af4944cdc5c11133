import { open, rm, truncate, writeFile } from 'node:fs/promises'
import { runToolOk } from '@varve/test-kit/tools'

const mib = 1024 ** 2

/** Partition 3 of `guestDisk`, or partition 2 of `bootDisk`, begins here. */
export const rootStart = 12 * mib

/** A raw disk with a GPT: a partition for GRUB, an ESP, and a root that holds what `from` makes. */
export async function guestDisk(path: string, size: number, root: MakeFilesystem): Promise<void> {
  const sectors = (size - rootStart - mib) / 512
  const script = [
    'label: gpt',
    'label-id: 33333333-3333-4333-8333-3333333333AA',
    'first-lba: 34',
    'start=34, size=2014, type=21686148-6449-6E6F-744E-656564454649, name="bios"',
    'start=2048, size=20480, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="ESP"',
    `start=${rootStart / 512}, size=${sectors}, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name="root", uuid=44444444-4444-4444-8444-4444444444BB, attrs="LegacyBIOSBootable"`,
  ]
  await blank(path, size)
  await partition(path, script)
  await runToolOk('mkfs.fat', ['-F', '16', '-n', 'ESP', '--offset', '2048', path, String(10 * 1024)])
  await makeIn({ path, start: rootStart, size: sectors * 512 }, root)
}

/** A raw disk with an MBR: a boot partition that is marked, and a root. */
export async function bootDisk(path: string, size: number, root: MakeFilesystem): Promise<void> {
  await blank(path, size)
  await partition(path, [
    'label: dos',
    'label-id: 0x11223344',
    'start=2048, size=20480, type=83, bootable',
    `start=${rootStart / 512}, type=83`,
  ])
  await makeIn({ path, start: rootStart, size: size - rootStart }, root)
}

export async function blank(path: string, size: number): Promise<void> {
  await writeFile(path, '')
  await truncate(path, size)
}

async function partition(path: string, script: readonly string[]): Promise<void> {
  const lines = script.join('\n')
  await runToolOk('sh', ['-c', 'printf "%s\\n" "$2" | sfdisk -q --wipe never "$1"', 'sh', path, lines])
}

/** Makes a filesystem in a file that has its size already. */
export type MakeFilesystem = (path: string) => Promise<unknown>

/** With the files of a folder in it. */
export const ext4From =
  (from: string): MakeFilesystem =>
  async (path) =>
    runToolOk('mkfs.ext4', ['-q', '-F', '-L', 'root', '-d', from, path])

export const btrfsFrom =
  (from: string): MakeFilesystem =>
  async (path) =>
    runToolOk('mkfs.btrfs', ['-q', '-L', 'root', '--rootdir', from, path])

/** NTFS gets its files by ntfs-3g, which needs FUSE. */
export const ntfsFrom =
  (from: string): MakeFilesystem =>
  async (path) => {
    await runToolOk('mkfs.ntfs', ['-q', '-F', '-Q', '-p', '0', '-H', '1', '-S', '1', '-s', '512', path])
    const script = 'ntfs-3g "$1" /mnt && cp -r "$2"/. /mnt && sync && umount /mnt'
    await runToolOk('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', path, from])
  }

/** The filesystem is made beside the disk and written into it. */
async function makeIn(
  { path, start, size }: { readonly path: string; readonly start: number; readonly size: number },
  make: MakeFilesystem,
): Promise<void> {
  const made = `${path}.root`
  await blank(made, size)
  await make(made)
  await runToolOk('dd', [
    `if=${made}`,
    `of=${path}`,
    'bs=1M',
    `seek=${start / mib}`,
    'conv=notrunc,sparse',
    'status=none',
  ])
  await rm(made)
}

/** Bytes of a file from `start` on, as a file of their own. */
export async function partOf(
  path: string,
  { start, end }: { readonly start: number; readonly end: number },
  to: string,
): Promise<void> {
  await using source = await open(path, 'r')
  await using target = await open(to, 'w')
  const chunk = Buffer.alloc(mib)
  for (let at = start; at < end;) {
    const { bytesRead } = await source.read(chunk, 0, Math.min(mib, end - at), at)
    if (bytesRead === 0) throw new Error(`${path} ends at ${at}`)
    await target.write(chunk, 0, bytesRead, at - start)
    at += bytesRead
  }
}
