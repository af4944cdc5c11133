import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** A file, or a folder that is one image, on its way to another name on the same filesystem. */
export const MovedFile = z.lazy(() =>
  z.object({
    /** Absolute, both. */
    from: Path,
    to: Path,
    kind: z.enum(['file', 'folder']),
    /** Number of its inode: a file of that name that has another one is not it. */
    inode: z.string().max(40),
  }),
)
export type MovedFile = z.infer<typeof MovedFile>

const Input = z.lazy(() =>
  z.object({
    /** The image itself comes last. */
    files: z.array(MovedFile).min(1).max(10_000),
    /** Absolute path of the hidden folder that a copy was in, and that is empty then; null: there is none. */
    emptied: Path.nullable().default(null),
  }),
)

/** Gives an image with all its files other names, never over another file. Done already, it succeeds. */
export const moveImage = defineAction({
  name: 'move-image',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: Input,
  outcome: z.lazy(() => z.object({ path: Path })),
  words: ({ files }) => {
    const own = files.at(-1)
    const count =
      files.length > 1 ? ` with its ${files.length === 2 ? 'part' : `${files.length - 1} parts`}` : ''
    return {
      title: 'Give it its new name',
      does: `Renames ${baseName(own?.from ?? '')}${count} to ${baseName(own?.to ?? '')}, never over another file.`,
    }
  },
  told: ({ path }) => path,
  undo: ({ files }) => [
    {
      action: 'move-image',
      input: {
        files: files.map(({ from, to, ...rest }) => ({ from: to, to: from, ...rest })),
        emptied: null,
      },
    },
  ],
})
