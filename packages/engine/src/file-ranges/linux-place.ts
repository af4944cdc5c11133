import { readFileSync, readlinkSync, realpathSync, statSync, statfsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { HostPlace } from '@varve/core/image/image-files'
import { blockPlace, copiesBelow } from './linux-block-place.ts'
import { type Mount, findMount, parseMountInfo } from './mount-info.ts'

/** Filesystems whose files always or never share blocks; XFS does as it was made. */
const sharing: Readonly<Record<string, boolean>> = {
  btrfs: true,
  zfs: true,
  bcachefs: true,
  ocfs2: true,
  ext2: false,
  ext3: false,
  ext4: false,
  tmpfs: false,
  vfat: false,
  exfat: false,
  f2fs: false,
  ntfs3: false,
}

const withoutMedia: Readonly<Record<string, string>> = {
  tmpfs: 'memory',
  ramfs: 'memory',
  nfs: 'network (NFS)',
  nfs4: 'network (NFS)',
  cifs: 'network (SMB)',
  smb3: 'network (SMB)',
  '9p': 'shared by the hypervisor (9p)',
  virtiofs: 'shared by the hypervisor (virtiofs)',
}

/** How long the table of mounts and what lies below them is taken as it was: thousands of images are asked for in a row. */
const rememberedMs = 1000

/** L1 and L0 below paths, from `/proc/self/mountinfo`, statfs(2) and `/sys/dev/block`. */
export function linuxPlaces(): (path: string) => HostPlace {
  let readAt = -Infinity
  let mounts: readonly Mount[] = []
  const belows = new Map<Mount, Below>()
  const mountOf = (real: string): Mount | null => {
    if (performance.now() - readAt <= rememberedMs) {
      const known = findMount(mounts, real)
      // Another device there: something was mounted or unmounted meanwhile.
      if (known?.device === deviceNumbers(statSync(real).dev)) return known
    }
    mounts = parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'))
    belows.clear()
    readAt = performance.now()
    return findMount(mounts, real)
  }
  const rememberedBelow = (mount: Mount): Below => {
    const known = belows.get(mount)
    if (known) return known
    const found = belowOf(mount)
    belows.set(mount, found)
    return found
  }
  return (path) => {
    const real = realpathSync.native(path)
    const stats = statSync(real)
    const block = stats.isBlockDevice() ? blockPlace(deviceNumbers(stats.rdev)) : null
    if (block)
      return {
        ...noPlace,
        filesystem: block.holder,
        copyOnWrite: block.copyOnWrite,
        media: mediumOf(block.folder),
      }
    const { bavail, blocks, bsize } = statfsSync(real)
    const mount = mountOf(real)
    return {
      filesystem: mount?.filesystem ?? null,
      mountPoint: mount?.mountPoint ?? null,
      free: bavail * bsize,
      total: blocks * bsize,
      copyOnWrite: mount ? (sharing[mount.filesystem] ?? null) : null,
      ...(mount ? rememberedBelow(mount) : { media: null }),
    }
  }
}

/** A volume is not mounted, and what is free in it only its filesystem knows. */
const noPlace = { mountPoint: null, free: null, total: null } as const

/** What lies below a filesystem. */
type Below = Pick<HostPlace, 'media' | 'copiesBelow'>

function belowOf(mount: Mount): Below {
  const device = blockDevice(mount)
  if (device === null) return { media: withoutMedia[mount.filesystem] ?? null }
  return { media: mediumOf(device.folder), copiesBelow: copiesBelow(device.numbers) }
}

function mediumOf(device: string): string {
  const disk = statOrNull(join(device, 'partition')) === null ? device : dirname(device)
  const name = basename(disk)
  const sectors = Number(readText(join(disk, 'size')) ?? Number.NaN)
  const kind = kindOf(name, disk)
  return Number.isFinite(sectors) && sectors > 0 ? `${kind}, ${binarySize(sectors * 512)}` : kind
}

/** The device in sysfs; Btrfs and others have no number of their own, so their source is asked. */
function blockDevice({
  device,
  source,
}: Mount): { readonly numbers: string; readonly folder: string } | null {
  const direct = linkTarget(`/sys/dev/block/${device}`)
  if (direct !== null) return { numbers: device, folder: direct }
  const { rdev } = source.startsWith('/dev/') ? (statOrNull(source) ?? { rdev: 0 }) : { rdev: 0 }
  if (rdev === 0) return null
  const numbers = deviceNumbers(rdev)
  const folder = linkTarget(`/sys/dev/block/${numbers}`)
  return folder === null ? null : { numbers, folder }
}

/** `major:minor` of a device number as stat(2) gives it. */
function deviceNumbers(device: number): string {
  const major = ((device / 2 ** 32) & ~0xfff) | ((device >> 8) & 0xfff)
  const minor = ((device >> 12) & ~0xff) | (device & 0xff)
  return `${major}:${minor}`
}

function kindOf(name: string, disk: string): string {
  const prefixes: readonly (readonly [RegExp, string])[] = [
    [/^nvme/u, 'NVMe SSD'],
    [/^vd/u, 'virtio disk'],
    [/^xvd/u, 'Xen disk'],
    [/^loop/u, 'loop device'],
    [/^dm-/u, 'device-mapper volume'],
    [/^md/u, 'software RAID'],
    [/^nbd/u, 'NBD device'],
    [/^zram/u, 'compressed memory'],
    [/^(mmcblk)/u, 'SD or eMMC'],
  ]
  const found = prefixes.find(([pattern]) => pattern.test(name))
  if (found) return found[1]
  const model = readText(join(disk, 'device', 'model'))
  const medium = readText(join(disk, 'queue', 'rotational')) === '1' ? 'HDD' : 'SSD'
  return model ? `${medium} (${model})` : medium
}

function binarySize(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** power
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[power] ?? ''}`
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

function statOrNull(path: string) {
  try {
    return statSync(path)
  } catch {
    return null
  }
}

function linkTarget(path: string): string | null {
  try {
    return join(dirname(path), readlinkSync(path))
  } catch {
    return null
  }
}
