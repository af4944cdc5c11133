import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, FormatName, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { baseName } from './path-words.ts'
import { takeBackEdit, UndoId } from './take-back-edit.ts'

const Input = z.lazy(() =>
  z.object({
    /** The file that names the parent. */
    path: Path,
    parent: z.object({
      /** Absolute. */
      path: Path,
      /** Null: as it is detected. */
      format: FormatName.nullable().default(null),
    }),
    undo: UndoId,
  }),
)

/** Rewrites the name (and what the format keeps of the identity) of an image's parent in place, behind an undo file. */
export const repointParent = defineAction({
  name: 'repoint-parent',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: Input,
  outcome: z.lazy(() => z.object({ path: Path, bytes: Bytes })),
  words: ({ path, parent }) => ({
    title: `Name ${baseName(parent.path)} as the parent`,
    does: `Rewrites only what ${baseName(path)} says of its parent: it becomes ${baseName(parent.path)}. The guest's bytes are not touched; every byte that is overwritten is kept in a hidden undo file first.`,
  }),
  told: ({ bytes }) => (bytes === 0 ? 'it was named so already' : `${formatBytes(bytes)} rewritten`),
  undo: ({ path, undo }) => [call(takeBackEdit, { path, undo })],
})
