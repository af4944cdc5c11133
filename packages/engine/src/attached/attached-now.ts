import { join } from 'node:path'
import { mappedPrefix } from '@varve/core/volumes/mapped-names'
import { parseMountInfo } from '../file-ranges/mount-info.ts'
import type { Attachment } from '../in-use/attachment.ts'
import { readAttachments } from '../in-use/attachments.ts'
import { deviceNow, isHeldFor, type DeviceNow, type DevicePartition } from '../in-use/attached-device.ts'
import type { Holder } from '../in-use/holder.ts'
import type { Roots } from '../in-use/linux-devices.ts'
import { namesIn, utf8Of } from '../in-use/proc-files.ts'
import { mappedDevice, mappingsOf, type Mapping } from './mappings.ts'
import { serverOf, type Registry } from './registry.ts'

/** `half-made`: who was at it died; `dead-server`: nobody answers for the device any more; `gone`: somebody else took the device away. */
export type AttachedState = 'live' | 'half-made' | 'dead-server' | 'gone'

/** A mount of a device or of one of its partitions. */
export interface DeviceMount {
  readonly device: string
  readonly folder: string
}

/** What was noted, beside what the kernel has. */
export interface AttachedNow {
  readonly note: Attachment
  readonly state: AttachedState
  /** Whether the kernel holds the device for it. */
  readonly isHeld: boolean
  /** The process that answers for the device. */
  readonly server: Holder | null
  readonly size: number
  readonly partitions: readonly DevicePartition[]
  readonly mounts: readonly DeviceMount[]
  /** Mappings over it that Varve has made; those that lie over others of them come first. */
  readonly volumes: readonly Mapping[]
  /** What of others lies over the device, or over those: mappings, volume groups. */
  readonly holders: readonly string[]
}

/** Everything that this host has noted as attached, as it is now. */
export async function attachedNow(registry: Registry): Promise<readonly AttachedNow[]> {
  const { folder, roots } = registry
  const notes = await readAttachments(folder)
  const mounts = mountedDevices(roots)
  return await Promise.all(
    notes.map(async (note) => {
      const now = deviceNow(note.device, roots)
      const isHeld = isHeldFor(note, now, folder)
      const volumes = mappingsOf(note.id, roots)
      const over = isHeld ? holdersOf(note.device, roots) : []
      const server = (await serverOf(registry, note.id)) ?? clientOf(note, isHeld ? now : null)
      return {
        note,
        state: stateOf(note, isHeld, server),
        isHeld,
        server,
        size: isHeld ? (now?.size ?? 0) : 0,
        partitions: isHeld ? (now?.partitions ?? []) : [],
        mounts: mounts.filter(({ device }) => isOf(device, note)),
        volumes,
        holders: [
          ...over.filter((device) => !device.startsWith(mappedPrefix(note.id))),
          ...volumes.flatMap(({ holders }) => holders),
        ],
      }
    }),
  )
}

/** Where qemu-nbd writes to the image it answers for the device itself. */
function clientOf({ how, isReadOnly, isThrowAway }: Attachment, now: DeviceNow | null): Holder | null {
  const isItself = how === 'qemu-nbd' && !isReadOnly && !isThrowAway
  return isItself && now?.holder ? { pid: now.holder.pid, began: null } : null
}

function stateOf({ how, isComplete }: Attachment, isHeld: boolean, server: Holder | null): AttachedState {
  if (!isComplete) return 'half-made'
  if (how === 'loop') return isHeld ? 'live' : 'gone'
  if (server === null) return 'dead-server'
  return isHeld ? 'live' : 'gone'
}

/** What is mounted from which device, in the order of the mounts. */
export function mountedDevices({ proc }: Roots): readonly DeviceMount[] {
  return parseMountInfo(utf8Of(join(proc, 'self/mountinfo'))).map(({ source, mountPoint }) => ({
    device: source,
    folder: mountPoint,
  }))
}

/** Whether `device` is the disk or one of its partitions. */
export function isOn(device: string, disk: string): boolean {
  return device === disk || (device.startsWith(`${disk}p`) && /^\d+$/u.test(device.slice(disk.length + 1)))
}

/** Whether `device` is that of the attachment, one of its partitions, or mapped over it. */
export function isOf(device: string, { id, device: disk }: Pick<Attachment, 'id' | 'device'>): boolean {
  return isOn(device, disk) || device.startsWith(mappedPrefix(id))
}

function holdersOf(device: string, { sys }: Roots): readonly string[] {
  const name = device.slice('/dev/'.length)
  const folder = join(sys, 'block', name)
  const places = [
    folder,
    ...namesIn(folder)
      .filter((entry) => isOn(`/dev/${entry}`, device))
      .map((entry) => join(folder, entry)),
  ]
  return places.flatMap((place) => namesIn(join(place, 'holders')).map((holder) => mappedDevice(holder, sys)))
}
