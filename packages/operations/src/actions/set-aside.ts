import { Digest, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { baseName } from './path-words.ts'
import { restoreImage } from './restore-image.ts'

/** Names what lies in a quarantine. */
export const QuarantineId = z.string().regex(/^[\w-]{1,64}$/u)

/** `undone`: a run that was undone had made it; `replaced`: a new image took its place; `moved`: a copy elsewhere did. */
export const QuarantineReason = z.enum(['deleted', 'replaced', 'undone', 'moved'])
export type QuarantineReason = z.infer<typeof QuarantineReason>

const Input = z.lazy(() =>
  z.object({
    path: Path,
    /** Names the entry of the quarantine; said beforehand, so that a step that was killed finds its own. */
    quarantine: QuarantineId,
    why: QuarantineReason,
    /** The number of the one file that is meant, see `Written`: where another has that name, or none, nothing is moved. */
    only: z.string().nullable().default(null),
    /** Digest of its disk, where it is known. */
    digest: Digest.nullable().optional(),
  }),
)

export const SetAsideOutcome = z.lazy(() =>
  z.object({
    quarantine: QuarantineId,
    /** Absolute paths of the files and folders that were moved. */
    moved: z.array(Path),
    /** ISO 8601: purging before it asks for a word. */
    until: z.string(),
  }),
)
export type SetAsideOutcome = z.infer<typeof SetAsideOutcome>

/** Moves an image with all its parts into the quarantine beside it, with a manifest of what it was and until when it is kept. */
export const setAside = defineAction({
  name: 'set-aside',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: Input,
  outcome: SetAsideOutcome,
  words: ({ path }) => ({
    title: 'Move it into quarantine',
    does: `Moves ${baseName(path)} with all its files into the quarantine of its folder, from which it can be restored.`,
  }),
  told: ({ quarantine, until }) => `kept as ${quarantine} until ${until.slice(0, 10)}`,
  undo: ({ path, quarantine, why }) => [call(restoreImage, { quarantine, at: path, why })],
})
