import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

/** Ends a mount that Varve has made. */
export const UmountRequest = z.object({
  /** Absolute. */
  folder: Path,
})
export type UmountRequest = z.infer<typeof UmountRequest>
