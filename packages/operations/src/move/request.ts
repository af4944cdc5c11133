import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'

/** Gives an image another name or place on its host. */
export const MoveRequest = z.lazy(() =>
  z.object({
    /** Absolute, both; a target that is a folder means the same name in it. */
    source: Path,
    target: Path,
    /** Absolute paths of folders, with all below them, in which images made over it are looked for besides its own. */
    folders: z.array(Path).max(1000).default([]),
  }),
)
export type MoveRequest = z.infer<typeof MoveRequest>
