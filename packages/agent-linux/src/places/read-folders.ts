import { statfs } from 'node:fs/promises'
import { folderFacts } from '@varve/agent/platform/folder-facts'
import { isDiskError } from '@varve/core/problems/disk-error'
import { findMount, type Mount } from '@varve/engine/file-ranges/mount-info'
import type { FolderPlace } from '@varve/protocol/places'

/** Filesystems that hold no images, whatever is written into them. */
const noPlaces =
  /^(?:autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fuse\.(?:gvfsd-fuse|lxcfs|portal|snapfuse)|fusectl|hugetlbfs|mqueue|nsfs|overlay|proc|pstore|ramfs|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tmpfs|tracefs)$/u

/** Mounted filesystems in which images can lie, each once. */
export function foldersToTell(mounts: readonly Mount[]): readonly string[] {
  const found = new Map<string, string>()
  for (const { device, filesystem, mountPoint } of mounts)
    if (!noPlaces.test(filesystem) && !found.has(device)) found.set(device, mountPoint)
  return [...found.values()]
}

/** L1 of each folder; one that is not there any more is left out. */
export async function readFolders(
  folders: readonly string[],
  mounts: readonly Mount[],
): Promise<FolderPlace[]> {
  const found: FolderPlace[] = []
  for (const path of folders) {
    const space = await statfs(path).catch(() => null)
    if (space === null) continue
    try {
      const { place, writable } = await folderFacts(path)
      const isReadOnly = findMount(mounts, path)?.isReadOnly === true || !writable
      found.push({ path, place, reserved: reservedOf(place.filesystem, space), readOnly: isReadOnly })
    } catch (error) {
      if (!isDiskError(error)) throw error
    }
  }
  return found
}

/** Only ext2, ext3 and ext4 keep blocks for root; what others count as free and not as available is something else. */
function reservedOf(
  filesystem: string | null,
  { bfree, bavail, bsize }: { readonly bfree: number; readonly bavail: number; readonly bsize: number },
): number | null {
  return filesystem?.startsWith('ext') === true ? Math.max(0, bfree - bavail) * bsize : null
}
