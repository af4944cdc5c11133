import { z } from 'zod'
import { Bytes } from './primitives.ts'

/** The disk as cells of `chunksPerCell` chunks of 4 MiB: `.` waiting, `f` in flight, `w` written, `p` proven, `z` zero or absent, skipped. */
export const ChunkMap = z.lazy(() =>
  z.object({
    chunks: z.number().int().min(0),
    chunksPerCell: z.number().int().min(1),
    cells: z.string().regex(/^[.fwpz]{0,1024}$/u),
    /** How many chunks are in each state: a cell shows one state of many chunks, these count them all. */
    counts: z
      .object({
        waiting: z.number().int().min(0),
        inFlight: z.number().int().min(0),
        written: z.number().int().min(0),
        proven: z.number().int().min(0),
        skipped: z.number().int().min(0),
      })
      .nullable()
      .default(null),
  }),
)
export type ChunkMap = z.infer<typeof ChunkMap>

export const JobProgress = z.lazy(() =>
  z.object({
    /** Bytes of whole chunks that were read, of `total` that are to be read. */
    done: z.number().min(0),
    total: z.number().min(0).nullable(),
    unit: z.enum(['bytes', 'items']),
    /** Seconds since the transfer began. */
    seconds: z.number().min(0).nullable().default(null),
    /** Of `done`: bytes that turned out to be zeros only, and so are not written. */
    skipped: Bytes.nullable(),
    /** Bytes a second over the last seconds. */
    rate: z.number().min(0).nullable(),
    limitedBy: z.enum(['source', 'wire', 'target', 'cpu']).nullable(),
    chunkMap: ChunkMap.nullable(),
  }),
)
export type JobProgress = z.infer<typeof JobProgress>
