import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { ToolBox, WantedPlaces } from '@varve/agent/actions/adapter'
import { isDiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { parseMountInfo, type Mount } from '@varve/engine/file-ranges/mount-info'
import type { BtrfsPlace, PlacesView } from '@varve/protocol/places'
import { readBtrfs } from './read-btrfs.ts'
import { foldersToTell, readFolders } from './read-folders.ts'
import { readLvm } from './read-lvm.ts'
import { readZfs } from './read-zfs.ts'

/** Where images can be on this host, as its tools and its kernel tell. */
export async function readLinuxPlaces(
  tools: ToolBox,
  { folders, signal }: WantedPlaces,
): Promise<PlacesView> {
  const unread: PlacesView['unread'] = []
  const hasZfs = existsSync('/sys/module/zfs')
  const mounts = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'))
  return {
    groups: (await told('lvm', async () => readLvm(tools, signal))) ?? [],
    // Without its module there are no pools, whatever is installed.
    zpools: hasZfs ? ((await told('zpool', async () => readZfs(tools, signal))) ?? []) : [],
    btrfs: await btrfsOf(mounts),
    folders: await readFolders(folders ?? foldersToTell(mounts), mounts),
    unread,
  }

  /** What `read` gives; null where the tool is not installed, and where it cannot tell, which is noted. */
  async function told<T>(tool: string, read: () => Promise<T>, what = tool): Promise<T | null> {
    if ((await tools.find(tool)) === null) return null
    try {
      return await read()
    } catch (error) {
      if (!isDiskError(error) || error.code === 'canceled') throw error
      const { message, remedy } = toErrorRecord(error, what)
      unread.push({ what, reason: message, remedy })
      return null
    }
  }

  async function btrfsOf(all: readonly Mount[]): Promise<BtrfsPlace[]> {
    const found: BtrfsPlace[] = []
    const known = new Set<string>()
    for (const mount of all) {
      if (mount.filesystem !== 'btrfs' || known.has(mount.device)) continue
      known.add(mount.device)
      const place = await told('btrfs', async () => readBtrfs(mount, tools, signal), mount.mountPoint)
      if (place) found.push(place)
    }
    return found
  }
}
