import { randomInt } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import type { Attachment } from '../in-use/attachment.ts'
import { attachedFolder, readAttachments } from '../in-use/attachments.ts'
import { deviceNow, isFree, isHeldFor, kernelRoots } from '../in-use/attached-device.ts'
import { holderOf, takeLock, type Holder } from '../in-use/holder.ts'
import { mappingsOf } from './mappings.ts'
import { removeUdevRule, writeUdevRule } from './udev-rule.ts'
import type { Roots } from '../in-use/linux-devices.ts'
import { namesIn } from '../in-use/proc-files.ts'
import { writeError } from '../system/system-error.ts'

/** Where attachments are noted, and the kernel that they are compared with. */
export interface Registry {
  readonly folder: string
  readonly roots: Roots
}

/** The registry of this host below the folder for what lives as long as the machine runs. */
export function registryIn(runtimeFolder: string | undefined): Registry {
  return {
    folder: runtimeFolder === undefined ? attachedFolder : join(runtimeFolder, 'attached'),
    roots: kernelRoots,
  }
}

const notePath = (folder: string, id: string) => join(folder, `${id}.json`)
/** The socket at which the process that serves an attachment listens. */
export const socketOf = (folder: string, id: string) => join(folder, `${id}.sock`)
/** Names the process that serves it. */
export const serverLockOf = (folder: string, id: string) => join(folder, `${id}.server`)
/** In which qemu-nbd notes its process. */
export const processFileOf = (folder: string, id: string) => join(folder, `${id}.pid`)

/** The process of Varve's that serves an attachment; null: there is none, or it is dead. */
export async function serverOf({ folder }: Registry, id: string): Promise<Holder | null> {
  return await holderOf(serverLockOf(folder, id))
}

export async function findAttachment(registry: Registry, id: string): Promise<Attachment | null> {
  return (await readAttachments(registry.folder)).find((one) => one.id === id) ?? null
}

type Wanted = Omit<Attachment, 'version' | 'device' | 'madeAt' | 'isComplete' | 'mounts'>

/** Chooses a free device and notes for what; the same again when it is noted already. Throws `refused` when none is free. */
export async function reserveDevice(registry: Registry, wanted: Wanted): Promise<Attachment> {
  return await locked(registry, async () => {
    const noted = await readAttachments(registry.folder)
    const mine = noted.find(({ id }) => id === wanted.id)
    if (mine && !isTakenByOthers(mine, registry)) {
      await writeUdevRule(mine.id, mine.device)
      return mine
    }
    const device = freeDevice(wanted, noted, registry.roots)
    const note: Attachment = {
      version: 1,
      ...wanted,
      device,
      madeAt: new Date().toISOString(),
      isComplete: false,
      mounts: [],
    }
    await write(registry, note)
    await writeUdevRule(note.id, device)
    return note
  })
}

/** Changes the note of an attachment, if there is one. */
export async function noteAttachment(
  registry: Registry,
  id: string,
  change: (note: Attachment) => Partial<Pick<Attachment, 'isComplete' | 'mounts'>>,
): Promise<Attachment | null> {
  return await locked(registry, async () => {
    const note = await findAttachment(registry, id)
    if (note === null) return null
    const changed = { ...note, ...change(note) }
    await write(registry, changed)
    return changed
  })
}

/** Takes the note away with what lies beside it; throws `in-use` while the kernel still holds the device for it. */
export async function forgetAttachment(registry: Registry, id: string): Promise<void> {
  const { folder, roots } = registry
  await locked(registry, async () => {
    const note = await findAttachment(registry, id)
    if (note !== null && isHeldFor(note, deviceNow(note.device, roots), folder))
      throw new DiskError('in-use', { file: note.image, by: note.device, how: 'locks' })
    const [mapping] = mappingsOf(id, roots)
    if (note !== null && mapping)
      throw new DiskError('in-use', { file: note.image, by: mapping.device, how: 'locks' })
    await removeUdevRule(id)
    // The note goes last: as long as anything is left, it is found.
    const all = [socketOf, processFileOf, serverLockOf, notePath].map((of) => of(folder, id))
    for (const path of all) await rm(path, { force: true })
  })
}

/** Who else takes a device does not look at our notes: after a death it may be somebody else's. */
export function isTakenByOthers(note: Attachment, { folder, roots }: Registry): boolean {
  const now = deviceNow(note.device, roots)
  return now !== null && !isFree(now) && !isHeldFor(note, now, folder)
}

/** So many of the first free loop devices are left to those who take the first one, maybe before ours is attached. */
const firstOnes = 2

/** Loop devices beyond those that are there are made when they are asked for; nbd devices are not. */
function freeDevice(wanted: Wanted, noted: readonly Attachment[], roots: Roots): string {
  const kind = wanted.how === 'loop' ? 'loop' : 'nbd'
  const taken = new Set(noted.map(({ device }) => device))
  const numbers = namesIn(join(roots.sys, 'block'))
    .filter((name) => new RegExp(`^${kind}\\d+$`, 'u').test(name))
    .map((name) => Number(name.slice(kind.length)))
    .sort((a, b) => a - b)
  const free = numbers
    .map((number) => `/dev/${kind}${number}`)
    .flatMap((device) => {
      const now = deviceNow(device, roots)
      return !taken.has(device) && now !== null && isFree(now) ? [{ device, now }] : []
    })
  // Who was read-only stays so when it is free again, and qemu-nbd does not change that.
  const needsWritable = wanted.how === 'qemu-nbd' && !(wanted.isReadOnly && !wanted.isThrowAway)
  const fit = free.filter(({ now }) => !(needsWritable && now.isReadOnly))
  if (kind === 'loop') {
    const others = fit.slice(firstOnes)
    const chosen = others.length > 0 ? others[randomInt(others.length)] : undefined
    if (chosen) return chosen.device
    const known = [...numbers, ...[...taken].map((device) => Number(/\d+$/u.exec(device)?.[0] ?? -1))]
    return `/dev/loop${Math.max(-1, ...known) + 1}`
  }
  const [first] = fit
  if (first) return first.device
  throw noneFree(wanted.image, numbers.length, free[0]?.device ?? null)
}

function noneFree(file: string, count: number, readOnly: string | null): DiskError {
  return new DiskError('refused', {
    file,
    reason:
      readOnly === null
        ? `all ${count} nbd devices of this host are taken`
        : 'the nbd devices of this host that are free are still set read-only',
    remedy:
      readOnly === null
        ? 'Detach one of them (varve attached), or load the module with more: modprobe nbd nbds_max=64.'
        : `Set one of them writable: blockdev --setrw ${readOnly}`,
    finding: 'no-free-device',
    layer: 'L3',
  })
}

async function write({ folder }: Registry, note: Attachment): Promise<void> {
  const path = notePath(folder, note.id)
  const part = `${path}.part`
  try {
    await writeFile(part, `${JSON.stringify(note)}\n`, { mode: 0o600 })
    await rename(part, path)
  } catch (error) {
    throw writeError(error, path)
  }
}

const lookAgainMs = 20

/** One at a time on this host; a lock whose holder died is taken over. */
async function locked<T>({ folder }: Registry, work: () => Promise<T>): Promise<T> {
  try {
    await mkdir(dirname(folder), { recursive: true })
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw writeError(error, folder)
  }
  for (;;) {
    const lock = await takeLock(join(folder, 'lock'))
    if (!('pid' in lock)) {
      await using held = lock
      void held
      return await work()
    }
    await sleep(lookAgainMs)
  }
}
