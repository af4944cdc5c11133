import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export interface BlockPlace {
  /** What holds the blocks, in words: `thin volume of LVM`. */
  readonly holder: string
  /** Whether that copies a block which a snapshot has too before it writes it. */
  readonly copyOnWrite: boolean
  /** Its folder in sysfs. */
  readonly folder: string
}

/** What a block device is (L1), by its `major:minor`; null where sysfs does not show it. */
export function blockPlace(device: string, sys = '/sys'): BlockPlace | null {
  const link = join(sys, 'dev/block', device)
  const target = readOrNull(() => readlinkSync(link))
  if (target === null) return null
  const folder = join(dirname(link), target)
  const name = basename(folder)
  if (/^zd\d+/u.test(name)) return { holder: 'ZFS volume', copyOnWrite: true, folder }
  if (!/^dm-\d+$/u.test(name)) return { holder: 'block device', copyOnWrite: false, folder }
  const uuid = textOf(join(folder, 'dm/uuid'))
  if (!uuid.startsWith('LVM-')) return { holder: 'device-mapper volume', copyOnWrite: false, folder }
  const below = readOrNull(() => readdirSync(join(folder, 'slaves'))) ?? []
  const uuids = below.map((slave) => textOf(join(folder, 'slaves', slave, 'dm/uuid')))
  // What LVM calls the devices that it makes a volume of.
  if (uuids.some((one) => one.endsWith('-tpool')))
    return { holder: 'thin volume of LVM', copyOnWrite: true, folder }
  if (uuids.some((one) => one.endsWith('-cow') || one.endsWith('-real')))
    return { holder: 'volume of LVM with a snapshot', copyOnWrite: true, folder }
  return { holder: 'volume of LVM', copyOnWrite: false, folder }
}

/** Devices that are looked at below one, and how deep they lie: tables of the device mapper may be long, and lead in circles in a sysfs of others. */
const most = { devices: 256, depth: 16 }

/** The volume below a filesystem on that device that copies on write, in words, through partitions, LUKS, LVM and RAID; null: none. */
export function copiesBelow(device: string, sys = '/sys'): string | null {
  let left = most.devices
  const look = (numbers: string, depth: number): string | null => {
    left -= 1
    const place = left < 0 || depth > most.depth ? null : blockPlace(numbers, sys)
    if (place === null || place.copyOnWrite) return place?.holder ?? null
    const { folder } = place
    const isPartition = textOf(join(folder, 'partition')) !== ''
    const slaves = readOrNull(() => readdirSync(join(folder, 'slaves'))) ?? []
    const below = isPartition
      ? [textOf(join(dirname(folder), 'dev'))]
      : slaves.map((slave) => textOf(join(folder, 'slaves', slave, 'dev')))
    for (const one of below) {
      const found = /^\d+:\d+$/u.test(one) ? look(one, depth + 1) : null
      if (found !== null) return found
    }
    return null
  }
  return look(device, 0)
}

function textOf(path: string): string {
  return readOrNull(() => readFileSync(path, 'utf8'))?.trim() ?? ''
}

function readOrNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
