import { countOf } from '@varve/core/units/format-bytes'
import { Bytes, FormatName, Path, ProblemView } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** One file of a chain, as far as it is shown; what else is told of it is passed on as it is. */
const File = z.looseObject({
  path: z.string(),
  format: FormatName,
  subformat: z.string().nullable(),
  virtualSize: Bytes.nullable(),
  fileSize: Bytes,
})

const Node = File.extend({
  isAsked: z.boolean(),
  get children() {
    return z.array(Node)
  },
})

/** Says what an image is made over, and what is made over it. */
export const showChain = defineAction({
  name: 'show-chain',
  layer: 'L2',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      image: Path,
      /** Where to look for children besides the folders of the chain. */
      folders: z.array(Path).max(100).default([]),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      root: Node,
      chain: z.array(File),
      dependents: z.array(File.extend({ depth: z.number().int() })),
      problems: z.array(ProblemView),
      looked: z.number().int(),
      /** The folders in which images over it were looked for; agents of before do not say. */
      searched: z.array(z.string()).default([]),
      unseen: z.string().nullable(),
    }),
  ),
  words: ({ image }) => ({
    title: 'Look at its chain',
    does: `Reads what ${baseName(image)} is made over, and which images in the folders around are made over it; changes nothing.`,
  }),
  told: ({ dependents }) =>
    dependents.length === 1 ? '1 image depends on it' : `${countOf(dependents.length, 'image')} depend on it`,
  undo: () => [],
})
