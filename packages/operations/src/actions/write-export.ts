import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Digest, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { ImageAddress } from './image-address.ts'
import { baseName } from './path-words.ts'

/** Writes the disk of an image over an NBD export of its size. What the export held is gone with its first byte. */
export const writeExport = defineAction({
  name: 'write-export',
  layer: 'L3',
  lane: 'transfer',
  attempts: 1,
  isFinal: true,
  input: z.lazy(() =>
    z.object({
      source: ImageAddress,
      inUse: z.enum(['refuse', 'ask', 'accept']).default('refuse'),
      /** The address of the export. */
      target: Path,
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      digest: Digest,
      virtualSize: Bytes,
      dataBytes: Bytes,
      seconds: z.number().min(0).default(0),
    }),
  ),
  words: ({ source, target }) => ({
    title: 'Write the export',
    does: `Reads the disk of ${baseName(source.path)} with its chain, writes it over ${target} from its first to its last byte, and has the server put it on its medium; digests it on the way.`,
  }),
  told: ({ dataBytes }) => `${formatBytes(dataBytes)} of data`,
  undo: () => [],
})
