import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { Staged } from './new-image.ts'
import { baseName } from './path-words.ts'
import { putBack } from './put-back.ts'

/** Gives a staged image the name of the image that it replaces, in one step; the original is kept in quarantine. */
export const replaceImage = defineAction({
  name: 'replace-image',
  layer: 'L1',
  lane: 'short',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      image: Staged,
      /** Names the entry of the quarantine that it makes. */
      quarantine: z.string().regex(/^[\w-]{1,64}$/u),
    }),
  ),
  outcome: z.lazy(() => z.object({ path: Path, quarantine: z.string(), until: z.string() })),
  words: ({ image: { target } }) => ({
    title: 'Take the place of the original',
    does: `Keeps the original ${baseName(target)} in the quarantine of its folder and gives the new image its name, so that one of them has it at every moment.`,
  }),
  told: ({ quarantine, until }) => `the original is kept as ${quarantine} until ${until.slice(0, 10)}`,
  undo: ({ image: { target }, quarantine }) => [call(putBack, { path: target, quarantine })],
})
