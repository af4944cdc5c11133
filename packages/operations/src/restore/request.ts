import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

/** Brings an image back from a quarantine. */
export const RestoreRequest = z.lazy(() =>
  z.object({
    /** The entry's id, or its beginning. */
    id: z.string().min(1, 'an id is not empty').max(64, 'an id has 64 characters at most'),
    /** Absolute paths of folders to look in, besides those that this host remembers. */
    folders: z.array(Path).max(1000).default([]),
  }),
)
export type RestoreRequest = z.infer<typeof RestoreRequest>
