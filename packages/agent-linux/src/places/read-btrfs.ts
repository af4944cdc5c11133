import type { ToolBox } from '@varve/agent/actions/adapter'
import type { BtrfsPlace, Subvolume } from '@varve/protocol/places'
import type { Mount } from '@varve/engine/file-ranges/mount-info'
import { quotasOf } from '../tools/btrfs/quotas.ts'
import { spaceOf } from '../tools/btrfs/space.ts'
import { listSubvolumes } from '../tools/btrfs/subvolumes.ts'

/** A mounted Btrfs with its subvolumes, and what quotas count where they are on. */
export async function readBtrfs(
  { mountPoint, source }: Mount,
  tools: ToolBox,
  signal?: AbortSignal,
): Promise<BtrfsPlace> {
  const options = { file: mountPoint, ...(signal && { signal }) }
  const space = await tools.run(spaceOf(mountPoint), options)
  const rows = await tools.run(listSubvolumes(mountPoint), options)
  const quotas = await tools.run(quotasOf(mountPoint), options)
  const quotaOf = (id: number): Subvolume['quota'] => {
    const found = quotas.find(({ subvolume }) => subvolume === id)
    if (!found) return null
    const { subvolume: _subvolume, ...quota } = found
    return quota
  }
  const sum = (...kinds: readonly string[]) => {
    const counted = space.filter((one) => kinds.includes(one['bg-type']))
    return {
      size: counted.reduce((total, one) => total + one.total, 0),
      used: counted.reduce((total, one) => total + one.used, 0),
    }
  }
  return {
    mountPoint,
    device: source,
    data: sum('Data', 'Data+Metadata'),
    metadata: sum('Metadata', 'System'),
    subvolumes: rows.map((row) => ({ ...row, quota: quotaOf(row.id) })),
  }
}
