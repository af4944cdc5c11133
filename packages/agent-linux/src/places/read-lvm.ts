import type { ToolBox } from '@varve/agent/actions/adapter'
import { volumeAddress } from '@varve/core/image/volume-address'
import type { LogicalVolume, ThinPool, VolumeGroup } from '@varve/protocol/places'
import { listVolumes, type LvsRow } from '../tools/lvs/list-volumes.ts'
import { listDevices } from '../tools/pvs/list-devices.ts'
import { listGroups } from '../tools/vgs/list-groups.ts'

/** Every volume group with its thin pools and volumes. */
export async function readLvm(tools: ToolBox, signal?: AbortSignal): Promise<VolumeGroup[]> {
  const options = { file: 'LVM', ...(signal && { signal }) }
  const groups = await tools.run(listGroups(), options)
  if (groups.length === 0) return []
  const devices = await tools.run(listDevices(), options)
  const rows = await tools.run(listVolumes(), options)
  return groups.map((group) => {
    const { vg_name: name, vg_uuid: uuid } = group
    const own = rows.filter((row) => row.vg_uuid === uuid && !row.lv_name.startsWith('['))
    return {
      name,
      uuid,
      size: group.vg_size,
      free: group.vg_free,
      extentSize: group.vg_extent_size,
      missing: group.vg_missing_pv_count,
      devices: devices
        .filter((device) => device.vg_uuid === uuid)
        .map(({ pv_name: device, pv_size: size, pv_free: free }) => ({ device, size, free })),
      pools: own.filter(isPool).map((row) => toPool(name, row, own)),
      volumes: own.filter((row) => !isPool(row)).map((row) => toVolume(name, row)),
    }
  })
}

const isPool = ({ segtype }: LvsRow) => segtype === 'thin-pool'

function toPool(group: string, row: LvsRow, all: readonly LvsRow[]): ThinPool {
  const { lv_name: name, lv_size: size, lv_metadata_size: metadata } = row
  const metadataSize = metadata === '' ? 0 : metadata
  return {
    address: volumeAddress({ kind: 'lvm', group, volume: name }),
    name,
    uuid: row.lv_uuid,
    size,
    // What is not active is told as full: nothing is promised of it.
    dataUsed: partOf(size, row.data_percent) ?? size,
    metadataSize,
    metadataUsed: partOf(metadataSize, row.metadata_percent) ?? metadataSize,
    chunkSize: row.chunk_size,
    promised: all.reduce((sum, one) => sum + (one.pool_lv === name ? one.lv_size : 0), 0),
    zeroesNew: row.zero === 'zero',
    health: row.lv_health_status === '' ? null : row.lv_health_status,
  }
}

function toVolume(group: string, row: LvsRow): LogicalVolume {
  const { lv_name: name, lv_size: size, segtype: kind, pool_lv: pool, origin, lv_path: path } = row
  const isActive = row.lv_active.startsWith('active')
  return {
    address: volumeAddress({ kind: 'lvm', group, volume: name }),
    name,
    uuid: row.lv_uuid,
    kind: origin !== '' && kind === 'linear' ? 'snapshot' : kind,
    size,
    used: pool === '' ? size : partOf(size, row.data_percent),
    pool: pool === '' ? null : pool,
    origin: origin === '' ? null : origin,
    device: isActive && path !== '' ? path : null,
    isOpen: row.lv_device_open === 'open',
    readOnly: row.lv_permissions.startsWith('read-only'),
    health: row.lv_health_status === '' ? null : row.lv_health_status,
  }
}

/** LVM tells two digits: rounded up, as what is used is not to be told as free. */
function partOf(size: number, percent: number | null): number | null {
  return percent === null ? null : Math.min(size, Math.ceil((size * percent) / 100))
}
