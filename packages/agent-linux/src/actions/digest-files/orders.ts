import { Digest } from '@varve/protocol/primitives'
import { z } from 'zod'

/** What the process that digests files is told, as its one argument. */
export const Orders = z.object({
  device: z.string(),
  /** As mount(8) calls it. */
  type: z.string(),
  options: z.string(),
  allContents: z.boolean(),
  isWhole: z.boolean(),
})
export type Orders = z.infer<typeof Orders>

/** What it found, as its only line. */
export const Found = z.object({
  digest: Digest,
  files: z.number().int().min(0),
  readBytes: z.number().int().min(0),
})
