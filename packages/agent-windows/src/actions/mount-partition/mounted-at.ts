import type { AttachedVhd } from '@varve/agent/platform/windows-host'
import { isSamePath } from '../../host/windows-path.ts'

/** Windows ends folders that volumes are mounted at with a slash. */
const withoutEnd = (folder: string) => folder.replace(/(?<=.)[\\/]+$/u, '')

/** The partition that is seen at that folder or letter, as Windows tells it. */
export function mountOf(
  { mounts }: Pick<AttachedVhd, 'mounts'>,
  folder: string,
): AttachedVhd['mounts'][number] | undefined {
  return mounts.find((mount) => isSamePath(withoutEnd(mount.folder), withoutEnd(folder)))
}

export function isMountedAt(disk: Pick<AttachedVhd, 'mounts'>, folder: string): boolean {
  return mountOf(disk, folder) !== undefined
}
