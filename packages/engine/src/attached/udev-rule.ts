import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { mappedPrefix } from '@varve/core/volumes/mapped-names'
import { writeError } from '../system/system-error.ts'

const folder = '/run/udev/rules.d'
/** Where udev listens as long as it runs. */
export const udevControl = '/run/udev/control'
/** Before all rules that look into devices. */
const ruleOf = (id: string) => join(folder, `01-varve-${id}.rules`)

/** Has udev, where it runs, leave the device of an attachment alone once it has read its rules again. */
export async function writeUdevRule(id: string, device: string): Promise<void> {
  if (!existsSync(udevControl)) return
  const path = ruleOf(id)
  const part = `${path}.part`
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(part, udevRule(id, device), { mode: 0o644 })
    await rename(part, path)
  } catch (error) {
    throw writeError(error, path)
  }
}

export async function removeUdevRule(id: string): Promise<void> {
  for (const path of [`${ruleOf(id)}.part`, ruleOf(id)]) await rm(path, { force: true })
}

/** Without the look of blkid no rule knows what a device holds; udisks is told by itself. */
export function udevRule(id: string, device: string): string {
  const [name, mapped] = [basename(device), basename(mappedPrefix(id))]
  return [
    `# varve ${id}: the disk of a guest is none of this host.`,
    `SUBSYSTEM=="block", KERNEL=="${name}|${name}p*", ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}="1", ENV{UDISKS_IGNORE}="1"`,
    `SUBSYSTEM=="block", KERNEL=="dm-*", ATTR{dm/name}=="${mapped}*", ENV{DM_UDEV_DISABLE_DISK_RULES_FLAG}="1", ENV{UDISKS_IGNORE}="1"`,
    '',
  ].join('\n')
}
