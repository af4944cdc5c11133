import { countOf } from '@varve/core/units/format-bytes'
import { Path, ProblemView } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'
import { Wish } from './wish.ts'

/** What is to be mended, and by what. */
const Finding = z.lazy(() =>
  ProblemView.unwrap().extend({
    /** Argument vector; null: nothing but a person can. */
    command: z.array(z.string()).nullable(),
    /** The operation that mends it, by its name, with its request on that host; null: none does, or somebody has to choose first. */
    wish: Wish.nullable().default(null),
  }),
)

/** Says what is to be mended in a folder of images; reads no disk unless it is to find equal ones. */
export const diagnoseFolder = defineAction({
  name: 'diagnose-folder',
  layer: 'all',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      folder: Path,
      /** Days without a write after which an image that nothing names is told. */
      oldDays: z.number().int().min(0).max(1_000_000).default(90),
      /** Read images of one size whole, to find those that hold the same disk. */
      digest: z.boolean().default(false),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      folder: z.string(),
      images: z.number().int(),
      looked: z.number().int(),
      unseen: z.string().nullable(),
      findings: z.array(Finding),
    }),
  ),
  words: ({ folder }) => ({
    title: 'Look what is to be mended',
    does: `Reads the headers and names of the images in ${baseName(folder)}, and changes nothing.`,
  }),
  told: ({ findings }) => countOf(findings.length, 'finding'),
  undo: () => [],
})
