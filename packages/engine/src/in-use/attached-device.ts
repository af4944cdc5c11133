import { realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Attachment } from './attachment.ts'
import type { Roots } from './linux-devices.ts'
import { namesIn, textOf, utf8Of } from './proc-files.ts'

export const kernelRoots: Roots = { proc: '/proc', sys: '/sys' }

/** A partition as the kernel shows it. */
export interface DevicePartition {
  readonly number: number
  readonly device: string
  /** Bytes. */
  readonly start: number
  readonly size: number
}

/** What the kernel says of a loop or nbd device. */
export interface DeviceNow {
  /** The file behind a loop device; null: none. */
  readonly file: string | null
  /** The process that an nbd device hangs on; null: none. */
  readonly holder: { readonly pid: number; readonly commandLine: string } | null
  readonly size: number
  readonly isReadOnly: boolean
  readonly partitions: readonly DevicePartition[]
}

const sectorSize = 512

/** The device as it is now; null: the kernel has none of that name. */
export function deviceNow(device: string, { proc, sys }: Roots): DeviceNow | null {
  const name = basename(device)
  const folder = join(sys, 'block', name)
  const sectors = textOf(join(folder, 'size')).trim()
  if (!/^(?:loop|nbd)\d+$/u.test(name) || sectors === '') return null
  const file = utf8Of(join(folder, 'loop/backing_file')).replace(/\n$/u, '')
  const pid = textOf(join(folder, 'pid')).trim()
  return {
    file: file === '' ? null : file,
    holder: /^\d+$/u.test(pid) ? { pid: Number(pid), commandLine: utf8Of(join(proc, pid, 'cmdline')) } : null,
    size: Number(sectors) * sectorSize,
    isReadOnly: textOf(join(folder, 'ro')).trim() === '1',
    partitions: partitionsIn(folder, name),
  }
}

function partitionsIn(folder: string, name: string): DevicePartition[] {
  return namesIn(folder)
    .filter((entry) => entry.startsWith(`${name}p`))
    .map((entry) => {
      const of = (what: string) => Number(textOf(join(folder, entry, what)).trim())
      return {
        number: of('partition'),
        device: `/dev/${entry}`,
        start: of('start') * sectorSize,
        size: of('size') * sectorSize,
      }
    })
    .sort((a, b) => a.number - b.number)
}

/** Whether nothing is behind the device. */
export function isFree(now: DeviceNow): boolean {
  return now.file === null && now.holder === null && now.size === 0
}

/** Whether what is behind the device is what was noted, and nobody else's. */
export function isHeldFor(
  { how, image, id }: Pick<Attachment, 'how' | 'image' | 'id'>,
  now: DeviceNow | null,
  folder: string,
): boolean {
  if (now === null) return false
  // The kernel says so of a file that has lost its name.
  if (how === 'loop') return [image, deviceAt(image), `${image} (deleted)`].includes(now.file ?? '')
  // Its socket, or the file of its process's id, is named for the attachment.
  return now.holder?.commandLine.includes(`${join(folder, id)}.`) === true
}

/** The kernel's own name of a volume, whose device is a link; of anything else its path. */
function deviceAt(path: string): string {
  if (!path.startsWith('/dev/')) return path
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
