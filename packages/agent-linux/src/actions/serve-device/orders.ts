import type { ErrorRecord } from '@varve/core/problems/disk-error'
import { ImageAddress } from '@varve/operations/actions/image-address'
import { z } from 'zod'

/** What the process that serves a device is told, as its one argument. */
export const Orders = z.object({
  attachment: z.string(),
  /** Of the registry. */
  folder: z.string(),
  image: ImageAddress,
  /** Of an agent: what the image and all that it names lie in. */
  roots: z.array(z.string()).nullable(),
  socket: z.string(),
  inUse: z.enum(['refuse', 'accept']),
  isThrowAway: z.boolean(),
})
export type Orders = z.infer<typeof Orders>

/** What it says once: that it listens, or why it does not. */
export type Report = { readonly isReady: true } | { readonly isReady: false; readonly error: ErrorRecord }
