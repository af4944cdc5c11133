import { z } from 'zod'

const Mounted = z.object({ device: z.string(), options: z.string() })

/** What the process that copies flags is told, as its one argument. */
export const Orders = z.object({
  /** As mount(8) calls it. */
  type: z.string(),
  from: Mounted,
  to: Mounted,
})
export type Orders = z.infer<typeof Orders>

/** What it did, as its only line. */
export const Done = z.object({ changed: z.number().int().min(0) })
