import { readdir, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Use } from '@varve/core/problems/use'
import { textOrNull } from './holder.ts'
import { deviceNow, isHeldFor } from './attached-device.ts'
import type { Attachment } from './attachment.ts'
import type { Roots } from './linux-devices.ts'

/** Where a host notes what it has attached; it goes with the devices when the machine is switched off. */
export const attachedFolder = '/run/varve/attached'

/** Everything that is noted in `folder`; what is no note is passed over. */
export async function readAttachments(folder: string): Promise<readonly Attachment[]> {
  const names = await readdir(folder).catch((): string[] => [])
  const notes = names.filter((name) => name.endsWith('.json')).sort()
  const found = await Promise.all(notes.map(async (name) => textOrNull(join(folder, name))))
  return found.flatMap((text, at) => {
    const note = text === null ? null : parse(text)
    return note !== null && `${note.id}.json` === basename(notes[at] ?? '') ? [note] : []
  })
}

/** Folders at which filesystems of images are mounted. */
export async function attachedMounts(): Promise<ReadonlySet<string>> {
  const noted = await readAttachments(attachedFolder)
  return new Set(noted.flatMap(({ mounts }) => mounts.map(({ folder }) => folder)))
}

/** The devices that the file lies behind because Varve has attached it. */
export async function attachmentsOf(
  path: string,
  { folder = attachedFolder, roots }: { readonly folder?: string; readonly roots: Roots },
): Promise<readonly Use[]> {
  const noted = await readAttachments(folder)
  if (noted.length === 0) return []
  const real = await realpath(path).catch(() => path)
  return noted.flatMap((note): Use[] => {
    if (note.image !== real) return []
    const now = deviceNow(note.device, roots)
    if (!isHeldFor(note, now, folder)) return []
    return [now?.holder ? { by: 'nbd', device: note.device, pid: now.holder.pid } : loopUse(note)]
  })
}

function loopUse({ device }: Attachment): Use {
  return { by: 'loop', device }
}

function parse(text: string): Attachment | null {
  try {
    const value: unknown = JSON.parse(text)
    return isAttachment(value) ? value : null
  } catch {
    return null
  }
}

function isAttachment(value: unknown): value is Attachment {
  if (typeof value !== 'object' || value === null) return false
  const members: Readonly<Record<string, unknown>> = { ...value }
  return (
    members['version'] === 1 &&
    ['id', 'image', 'how', 'device', 'purpose', 'madeAt'].every(
      (name) => typeof members[name] === 'string',
    ) &&
    ['isReadOnly', 'isThrowAway', 'isComplete'].every((name) => typeof members[name] === 'boolean') &&
    Array.isArray(members['mounts'])
  )
}
