import { type BigIntStats, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseMountInfo } from '../file-ranges/mount-info.ts'
import { deviceNumbers } from '../system/device-numbers.ts'
import { linkOf, namesIn, textOf, utf8Of } from './proc-files.ts'
import type { Use } from '@varve/core/problems/use'

export interface Roots {
  readonly proc: string
  readonly sys: string
}

/** A file or device that the kernel itself writes to. */
export interface KernelHeld {
  readonly stats: BigIntStats
  readonly use: Use
}

/**
 * What the kernel uses without any process: files behind loop devices (`all`: also those for reading), swap, and storage that
 * it serves.
 */
export function filesOfKernel(
  { proc, sys }: Roots,
  counted: 'writing' | 'all' = 'writing',
): readonly KernelHeld[] {
  return [...loops(sys, counted), ...swaps(proc), ...exported(sys)].flatMap(({ path, use }) => {
    const stats = statOrNull(path)
    return stats === null ? [] : [{ stats, use }]
  })
}

/** The NBD devices of this kernel by the processes that serve them. */
export function nbdServers({ proc, sys }: Roots): ReadonlyMap<number, string> {
  const served = new Map<number, string>()
  for (const name of namesIn(join(sys, 'block'))) {
    if (!/^nbd\d+$/u.test(name)) continue
    // A thread of the process, as the kernel counts them.
    const thread = textOf(join(sys, 'block', name, 'pid')).trim()
    const group = /^Tgid:\s*(\d+)/mu.exec(textOf(join(proc, thread, 'status')))?.[1]
    if (/^\d+$/u.test(thread)) served.set(Number(group ?? thread), `/dev/${name}`)
  }
  return served
}

interface Named {
  readonly path: string
  readonly use: Use
}

function loops(sys: string, counted: 'writing' | 'all'): readonly Named[] {
  return namesIn(join(sys, 'block')).flatMap((name) => {
    if (!name.startsWith('loop')) return []
    const path = utf8Of(join(sys, 'block', name, 'loop/backing_file')).replace(/\n$/u, '')
    if (path === '') return []
    if (counted === 'writing' && textOf(join(sys, 'block', name, 'ro')).trim() === '1') return []
    return [{ path, use: { by: 'loop', device: `/dev/${name}` } }]
  })
}

function swaps(proc: string): readonly Named[] {
  const [, ...lines] = textOf(join(proc, 'swaps')).split('\n')
  return lines.flatMap((line) => {
    const path = line.split(/\s/u)[0] ?? ''
    return path === '' ? [] : [{ path, use: { by: 'swap' } }]
  })
}

/** Disks that the kernel serves by iSCSI, vhost-scsi or NVMe over fabrics. */
function exported(sys: string): readonly Named[] {
  const target = join(sys, 'kernel/config/target/core')
  const served = namesIn(target).flatMap((kind) =>
    namesIn(join(target, kind)).map((name): Named => ({
      path: utf8Of(join(target, kind, name, 'udev_path')).trim(),
      use: { by: 'kernel-target', protocol: 'scsi', target: name },
    })),
  )
  const nvme = join(sys, 'kernel/config/nvmet/subsystems')
  const spaces = namesIn(nvme).flatMap((name) =>
    namesIn(join(nvme, name, 'namespaces')).map((space): Named => ({
      path: utf8Of(join(nvme, name, 'namespaces', space, 'device_path')).trim(),
      use: { by: 'kernel-target', protocol: 'nvme', target: name },
    })),
  )
  return [...served, ...spaces].filter(({ path }) => path.startsWith('/'))
}

/** Who uses the block device `rdev`, one of its partitions, or a device that lies over it: mounts, mappings, swap. */
export function usersOfDevice(rdev: bigint, { proc, sys }: Roots): readonly Use[] {
  const family = relatedDevices(rdev, sys)
  const users: Use[] = []
  for (const [numbers, path] of family) {
    for (const holder of namesIn(join(path, 'holders'))) {
      if (isReadOnly(join(sys, 'block', holder))) continue
      users.push({ by: 'mapping', device: labelOf(join(sys, 'block', holder)) })
    }
    users.push(...mountsOf(numbers, proc))
  }
  const swapped = swaps(proc).flatMap(({ path, use }) => {
    const stats = statOrNull(path)
    return stats?.isBlockDevice() && family.has(deviceNumbers(stats.rdev).join(':')) ? [use] : []
  })
  return [...users, ...swapped]
}

/** `major:minor` and folder in sysfs of the device, its disk, its partitions, and what is mapped over any of them. */
export function relatedDevices(rdev: bigint, sys: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const add = (folder: string, goesDown: boolean): void => {
    const numbers = textOf(join(folder, 'dev')).trim()
    if (numbers === '' || found.has(numbers) || found.size > 1000) return
    found.set(numbers, folder)
    for (const holder of namesIn(join(folder, 'holders'))) add(join(sys, 'block', holder), true)
    if (!goesDown) return
    for (const name of namesIn(folder)) {
      if (textOf(join(folder, name, 'partition')) !== '') add(join(folder, name), true)
    }
  }
  const numbers = deviceNumbers(rdev).join(':')
  const link = linkOf(join(sys, 'dev/block', numbers))
  if (link === '') return new Map([[numbers, '']])
  const folder = join(sys, 'dev/block', link)
  add(folder, true)
  // Who writes to the whole disk writes to this part of it; who uses another part does not.
  if (textOf(join(folder, 'partition')) !== '') {
    const disk = dirname(folder)
    found.set(textOf(join(disk, 'dev')).trim(), disk)
  }
  return found
}

function mountsOf(numbers: string, proc: string): readonly Use[] {
  return parseMountInfo(utf8Of(join(proc, 'self/mountinfo'))).flatMap((mount) => {
    if (mount.isReadOnly) return []
    const isThis = mount.device === numbers || sourceNumbers(mount.source) === numbers
    return isThis ? [{ by: 'mount', at: mount.mountPoint }] : []
  })
}

/** Btrfs and others have no number of their own in the table of mounts: their source is asked. */
function sourceNumbers(source: string): string | null {
  if (!source.startsWith('/dev/')) return null
  const stats = statOrNull(source)
  return stats?.isBlockDevice() ? deviceNumbers(stats.rdev).join(':') : null
}

function isReadOnly(folder: string): boolean {
  return textOf(join(folder, 'ro')).trim() === '1'
}

function labelOf(folder: string): string {
  const mapped = textOf(join(folder, 'dm/name')).trim()
  return mapped === '' ? `/dev/${basename(folder)}` : `/dev/mapper/${mapped}`
}

function statOrNull(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true })
  } catch {
    return null
  }
}
