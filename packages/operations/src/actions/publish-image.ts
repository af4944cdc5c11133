import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { Durability, Staged } from './new-image.ts'
import { baseName } from './path-words.ts'
import { setAside } from './set-aside.ts'

const Input = z.lazy(() =>
  Staged.unwrap().extend({
    /** What `Written` says of it: its own is known from a file that somebody else gave the name meanwhile. */
    file: z.string().nullable().default(null),
    durability: Durability.default('synced'),
  }),
)

/** Gives a staged image its name, never in the place of another file. Done already, it succeeds. */
export const publishImage = defineAction({
  name: 'publish-image',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: Input,
  outcome: z.lazy(() => z.object({ path: Path })),
  words: ({ target }) => ({
    title: 'Give it its name',
    does: `Renames the hidden file to ${baseName(target)}, never over another file.`,
  }),
  told: ({ path }) => path,
  // Cut off, it may have given the name or not: the file tells.
  undo: ({ target, staging: quarantine, file }, outcome) =>
    outcome === null && file === null
      ? []
      : [call(setAside, { path: target, quarantine, why: 'undone', only: file })],
})
