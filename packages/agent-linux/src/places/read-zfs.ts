import type { ToolBox } from '@varve/agent/actions/adapter'
import { volumeAddress, volumeDevice } from '@varve/core/image/volume-address'
import type { ZfsPool, ZfsVolume } from '@varve/protocol/places'
import { listDatasets, type ZfsRow } from '../tools/zfs/list-datasets.ts'
import { listPools } from '../tools/zpool/list-pools.ts'

/** Every imported pool with its filesystems, volumes and snapshots. */
export async function readZfs(tools: ToolBox, signal?: AbortSignal): Promise<ZfsPool[]> {
  const options = { file: 'ZFS', ...(signal && { signal }) }
  const pools = await tools.run(listPools(), options)
  if (pools.length === 0) return []
  const rows = await tools.run(listDatasets(), options)
  return pools.map(({ name, size, allocated, free, readonly, health }) => {
    const own = rows.filter((row) => row.name.split(/[/@]/u, 1)[0] === name)
    return {
      name,
      size,
      used: allocated,
      free: own.find((row) => row.name === name)?.available ?? free,
      health,
      readOnly: readonly === 'on',
      datasets: own.filter(({ type }) => type === 'filesystem').map(toDataset),
      volumes: own.filter(({ type }) => type === 'volume').map((row) => toVolume(name, row)),
      snapshots: own.filter(({ type }) => type === 'snapshot').map(toSnapshot),
    }
  })
}

function toDataset({ name, used, available, quota, mountpoint }: ZfsRow): ZfsPool['datasets'][number] {
  return {
    name,
    used,
    free: available ?? 0,
    quota: quota === 0 ? null : quota,
    mountPoint: mountpoint.startsWith('/') ? mountpoint : null,
  }
}

function toVolume(pool: string, row: ZfsRow): ZfsVolume {
  const { name, used, referenced, volsize, volblocksize, refreservation, origin } = row
  const named = { kind: 'zfs', group: pool, volume: name.slice(pool.length + 1) } as const
  return {
    address: volumeAddress(named),
    name,
    size: volsize ?? 0,
    used,
    referenced,
    blockSize: volblocksize ?? 0,
    reserved: refreservation ?? 0,
    origin: origin === '-' ? null : origin,
    device: volumeDevice(named),
  }
}

function toSnapshot({ name, used, volsize, userrefs, clones }: ZfsRow): ZfsPool['snapshots'][number] {
  return {
    name,
    used,
    size: volsize,
    holds: userrefs ?? 0,
    clones: clones === '-' || clones === '' ? [] : clones.split(','),
  }
}
