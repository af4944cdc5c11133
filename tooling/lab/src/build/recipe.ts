import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildsOf } from '@varve/test-kit/build-once'

/** Debian's release that the lab is. */
export const suite = 'bookworm'

/** What is installed in the lab, besides Debian's smallest system; the kernel's package is only unpacked. */
export const packages: readonly string[] = [
  ['udev', 'kmod', 'busybox-static', 'mount', 'iproute2', 'procps', 'psmisc', 'jq'],
  ['e2fsprogs', 'xfsprogs', 'btrfs-progs', 'ntfs-3g', 'dosfstools', 'exfatprogs', 'attr', 'acl'],
  ['lvm2', 'thin-provisioning-tools', 'mdadm', 'cryptsetup-bin', 'zfsutils-linux'],
  ['gdisk', 'fdisk', 'parted', 'cloud-guest-utils'],
  ['qemu-utils', 'nbd-client', 'libnbd-bin', 'nbdfuse', 'fuse3', 'libstdc++6'],
].flat()

/** Modules that the initial RAM disk loads, in this order, with what they need; ext4 needs crc32c, which nothing says. */
export const firstModules: readonly string[] =
  'crc32c_generic virtio_pci virtio_blk ext4 virtio_scsi sd_mod 9pnet_virtio 9p'.split(' ')

/** Bytes of the lab's root as the guest sees it; what is not used costs nothing. */
export const rootSize = 4 * 1024 ** 3

/** Programs that building and starting the lab needs, by Debian's packages. */
export const hostTools = ['mmdebstrap', 'qemu-system-x86_64', 'qemu-img', 'mke2fs', 'cpio', 'zstd'] as const

/** Where a lab lies that was built of exactly this: recipe, kernel and Node; outside the checkout, so that all share it. */
export function labFolder(kernel: string): string {
  const hash = createHash('sha256').update(`${kernel}\n${process.version}\n${process.arch}\n`)
  const sources = resolve(import.meta.dirname, '..')
  for (const file of [...globSync('build/**/*', { cwd: sources }), 'machine/qemu-arguments.ts'].sort())
    if (/\.(?:ts|sh)$/u.test(file)) hash.update(`${file}\0`).update(readFileSync(join(sources, file)))
  return join(buildsOf('lab'), hash.digest('hex').slice(0, 16))
}
