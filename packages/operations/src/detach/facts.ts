import type { z } from 'zod'
import type { AttachedView } from '../actions/list-attached.ts'
import type { DeviceWays } from '../attach/facts.ts'

export interface DetachFacts {
  readonly host: string
  readonly ways: DeviceWays
  readonly target: string
  /** What is attached of it; null: nothing of Varve's. */
  readonly attached: z.infer<typeof AttachedView> | null
  /** The run that a process works on with it now; null: none. */
  readonly run: string | null
  /** What lies over the device: mappings, volume groups. */
  readonly holders: readonly string[]
  /** Devices of others that the image is behind. */
  readonly foreign: readonly string[]
}
