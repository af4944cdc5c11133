import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { release } from 'node:os'
import { udevControl } from '@varve/engine/attached/udev-rule'
import { toErrorRecord } from '@varve/core/problems/disk-error'
import { bareWords } from '@varve/core/problems/problem-words'
import { sameFileAs } from '@varve/engine/files/same-file'
import type { DeviceWays, KernelPart } from '@varve/operations/attach/facts'
import { notesFolder } from '../platform/attached-notes.ts'
import type { AttachedVhd, WindowsDisksNow } from '../platform/windows-host.ts'
import type { FactsContext } from './local-operation.ts'

const tools = [
  'losetup',
  'nbd-client',
  'qemu-nbd',
  'mount',
  'dmsetup',
  'cryptsetup',
  'nbdfuse',
  'guestmount',
] as const

/** What this host can make block devices with. */
export async function deviceWays({ ports }: Pick<FactsContext, 'ports'>): Promise<DeviceWays> {
  return {
    system: process.platform,
    isRoot: process.geteuid?.() === 0,
    isOwnHost: ports.roots === null,
    loop: await kernelPart('loop', '/sys/block/loop0'),
    nbd: await kernelPart('nbd', '/sys/block/nbd0'),
    mapper: await kernelPart('dm-mod', '/sys/class/misc/device-mapper'),
    hasUdev: existsSync(udevControl) && (await ports.tools.find('udevadm')) !== null,
    tools: await foundTools(tools, { ports }),
  }
}

export interface WindowsNow extends Pick<DeviceWays, 'system' | 'isRoot' | 'windows'> {
  readonly now: WindowsDisksNow
}

/** What Windows has attached, and what it can attach by; null: this is another system. */
export async function windowsNow({ ports }: Pick<FactsContext, 'ports'>): Promise<WindowsNow | null> {
  const { windowsHost } = ports
  if (!windowsHost) return null
  const system = 'win32'
  try {
    const now = await windowsHost.disks(notesFolder(ports))
    const { by, mayAttach, mayMount = mayAttach } = now
    return { system, isRoot: mayAttach, windows: { by, unasked: null, mayMount }, now }
  } catch (error) {
    const now = { by: null, mayAttach: false, disks: [], gone: [] }
    const unasked = bareWords(toErrorRecord(error, 'PowerShell')).trim()
    return { system, isRoot: false, windows: { by: null, unasked }, now }
  }
}

/** How Windows attaches. */
export function waysOf({
  system,
  isRoot,
  windows,
}: WindowsNow): Pick<DeviceWays, 'system' | 'isRoot' | 'windows'> {
  return { system, isRoot, ...(windows && { windows }) }
}

/** What Windows has made a disk of the image; null: nothing. */
export async function diskOfImage(
  image: string,
  { now }: Pick<WindowsNow, 'now'>,
): Promise<AttachedVhd | null> {
  const isImage = await sameFileAs(image)
  const there = await Promise.all(
    now.disks.map(async (disk) => ((await isImage?.(disk.image)) === true ? disk : null)),
  )
  return there.find((disk) => disk !== null) ?? null
}

/** Those of the tools that this host has. */
export async function foundTools(
  tools: readonly string[],
  { ports }: Pick<FactsContext, 'ports'>,
): Promise<string[]> {
  const found = await Promise.all(tools.map(async (tool) => ports.tools.find(tool)))
  return tools.filter((_, at) => found[at] !== null)
}

/** Whether the kernel has it, or a module of it that can be loaded. */
async function kernelPart(module: string, shownAt: string): Promise<KernelPart> {
  if (process.platform !== 'linux') return 'missing'
  if (existsSync(shownAt)) return 'there'
  const known = await readFile(`/lib/modules/${release()}/modules.dep`, 'utf8').catch(() => '')
  const isKnown = known.split('\n').some((line) => new RegExp(`/${module}\\.ko(?:\\.\\w+)?:`, 'u').test(line))
  return isKnown ? 'loadable' : 'missing'
}
