import type { ProcessUse } from '@varve/core/problems/use'
import type { z } from 'zod'
import type { AttachedView } from '../actions/list-attached.ts'
import type { DeviceWays } from '../attach/facts.ts'

export interface UmountFacts {
  readonly host: string
  readonly ways: DeviceWays
  /** Absolute, links resolved. */
  readonly folder: string
  /** The device that is mounted there; null: nothing is. */
  readonly mounted: string | null
  /** The attachment that was noted with that folder; null: Varve has mounted nothing there. */
  readonly attached: z.infer<typeof AttachedView> | null
  /** Whether the folder was made for the mount. */
  readonly isFolderOurs: boolean
  /** Whether the device was made for this mount alone, and goes with it. */
  readonly isDeviceOurs: boolean
  /** Of Windows: at which byte of the disk the partition begins; left out: it is another system. */
  readonly partitionStart?: number
  /** Who has files of it open, or stands in it. */
  readonly busy: readonly Pick<ProcessUse, 'pid' | 'command'>[]
}
