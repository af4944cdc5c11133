import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** What WSL calls a distribution. */
export const DistributionName = z.string().regex(/^\w[\w.-]{0,63}$/u)

/** Takes a distribution that was imported away again, with its copy of the disk. Done already, it succeeds. */
export const unregisterDistribution = defineAction({
  name: 'unregister-distribution',
  layer: 'L3',
  lane: 'short',
  attempts: 1,
  isFinal: true,
  input: z.lazy(() =>
    z.object({
      /** Its disk. Absolute. */
      image: Path,
      distribution: DistributionName,
      /** By which the one that is meant is known. */
      id: z.string().min(1),
    }),
  ),
  outcome: z.lazy(() => z.object({ wasThere: z.boolean() })),
  words: ({ image, distribution }) => ({
    title: `Unregister ${distribution}`,
    does: `Has WSL forget ${distribution} and remove its disk ${baseName(image)}, if it is the one that was imported.`,
  }),
  told: ({ wasThere }) => (wasThere ? 'unregistered' : 'it was there no more'),
  undo: () => [],
})

/** Has WSL make a distribution of the disk in a VHDX: of a copy of it, or of the file itself. */
export const importDistribution = defineAction({
  name: 'import-distribution',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: z.lazy(() =>
    z.object({
      /** The VHDX. Absolute. */
      image: Path,
      distribution: DistributionName,
      /** Where its copy is to lie; null: the file becomes the disk of the distribution itself. */
      folder: Path.nullable(),
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      /** By which WSL knows it. */
      id: z.string(),
      /** Its disk. */
      path: Path,
      virtualSize: Bytes,
    }),
  ),
  words: ({ image, distribution, folder }) => ({
    title: `Have WSL import ${distribution}`,
    does:
      folder === null
        ? `Has WSL make ${baseName(image)} the disk of a new distribution ${distribution}, where it lies.`
        : `Has WSL copy ${baseName(image)} into ${folder} as the disk of a new distribution ${distribution}.`,
  }),
  told: ({ path }) => path,
  // Unregistering removes the disk: never the file that somebody had before.
  undo: ({ distribution, folder }, outcome) =>
    folder === null || outcome === null
      ? []
      : [call(unregisterDistribution, { image: outcome.path, distribution, id: outcome.id })],
})
