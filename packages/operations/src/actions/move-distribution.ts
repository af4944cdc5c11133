import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction, type ActionCall } from './action.ts'
import { baseName } from './path-words.ts'

/** Has WSL move the disk of a distribution to another folder; done already, it succeeds. */
export const moveDistribution = defineAction({
  name: 'move-distribution',
  layer: 'L1',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      /** Its disk, and where that is to lie, of the same name. Absolute, both. */
      image: Path,
      target: Path,
      distribution: z.string().min(1),
    }),
  ),
  outcome: z.lazy(() => z.object({ path: Path })),
  words: ({ image, target, distribution }) => ({
    title: `Have WSL move ${distribution}`,
    does: `Has WSL move ${baseName(image)} to ${target} and start ${distribution} from there.`,
  }),
  told: ({ path }) => path,
  undo: ({ image, target, distribution }): readonly ActionCall[] => [
    call({ name: 'move-distribution', input: z.unknown() }, { image: target, target: image, distribution }),
  ],
})
