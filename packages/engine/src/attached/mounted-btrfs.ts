import { join } from 'node:path'
import { namesIn } from '../in-use/proc-files.ts'

/** UUIDs of the Btrfs filesystems that this host has mounted; `sys`: where sysfs is. */
export function mountedBtrfs(sys: string): string[] {
  return namesIn(join(sys, 'fs/btrfs')).filter((name) => name.length === 36)
}
