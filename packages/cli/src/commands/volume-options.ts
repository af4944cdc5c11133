import { UsageError } from '../command.ts'
import { assertNoneStray } from './assert-none-stray.ts'

export interface VolumeOptions {
  readonly thinPool?: string
  readonly sparse?: boolean
}

/** Throws when a volume's options are said of something else. */
export function assertNoVolumeChoices({ thinPool, sparse }: VolumeOptions): void {
  if (thinPool !== undefined || sparse === true)
    throw new UsageError('--thin-pool and --sparse are for volumes: lvm:VG/LV and zfs:POOL/VOLUME.')
}

/** How it is to be made, as an operation has it. */
export function volumeChoices({ thinPool, sparse }: VolumeOptions) {
  return { pool: thinPool ?? null, sparse: sparse === true }
}

/** Throws for what a raw disk in a volume has no room for. */
export function assertRawVolume(
  stray: Parameters<typeof assertNoneStray>[0],
  host: string | undefined,
): void {
  assertNoneStray([
    [host !== undefined, 'Agents work in their libraries: --host is not for volumes.'],
    ...stray,
  ])
}
