import { textOf } from './proc-files.ts'
import { deviceNumbers } from '../system/device-numbers.ts'

/** What the kernel tells of a block device without opening it. */
export interface DeviceState {
  /** Bytes. */
  readonly size: number
  readonly isPartition: boolean
  /** Sectors that were written or discarded since it is there: grows with each change of what it holds. */
  readonly changed: string
}

const sector = 512
/** Fields of `stat`, Linux, Documentation/block/stat.rst. */
const fields = { written: 6, discarded: 13 }

/** The state of the device with that number, Linux alone; null: the kernel does not tell. */
export function deviceState(rdev: bigint, sys = '/sys'): DeviceState | null {
  const folder = `${sys}/dev/block/${deviceNumbers(rdev).join(':')}`
  const sectors = textOf(`${folder}/size`).trim()
  if (!/^\d{1,15}$/u.test(sectors)) return null
  const counted = textOf(`${folder}/stat`).trim().split(/\s+/u)
  return {
    size: Number(sectors) * sector,
    isPartition: textOf(`${folder}/partition`) !== '',
    changed: `${counted[fields.written] ?? ''}/${counted[fields.discarded] ?? ''}`,
  }
}
