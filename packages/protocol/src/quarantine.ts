import { z } from 'zod'
import { Bytes, ErrorView, HostName, Timestamp } from './primitives.ts'

/** What lies in a quarantine of a host's libraries. */
export const QuarantineEntryView = z.lazy(() =>
  z.object({
    id: z.string().min(1).max(64),
    why: z.enum(['deleted', 'replaced', 'undone', 'moved']),
    /** Absolute path that the image had. */
    image: z.string(),
    since: Timestamp,
    /** Until when it is kept. */
    until: Timestamp,
    format: z.string().nullable(),
    virtualSize: Bytes.nullable(),
    /** Of all its files. */
    bytes: Bytes,
  }),
)
export type QuarantineEntryView = z.infer<typeof QuarantineEntryView>

export const QuarantineView = z.lazy(() =>
  z.object({
    /** The newest first. */
    entries: z.array(QuarantineEntryView).max(1000),
    /** How many more there are. */
    more: z.number().int().min(0),
    /** What could not be read of it. */
    faults: z.array(ErrorView).max(100),
  }),
)
export type QuarantineView = z.infer<typeof QuarantineView>

export const QuarantineQuery = z.object({ host: HostName })
