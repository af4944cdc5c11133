import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Digest, Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { discardCopy } from './discard-copy.ts'
import { MovedFile } from './move-image.ts'
import { StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'

const Input = z.lazy(() =>
  z.object({
    /** What is copied and the names that it is to get, the image itself last. */
    files: z.array(MovedFile).min(1).max(10_000),
    staging: StagingId,
  }),
)

const Outcome = z.lazy(() =>
  z.object({
    /** The copies on their way to their names. */
    files: z.array(MovedFile),
    /** The hidden folder that they lie in. */
    hidden: Path,
    bytes: Bytes,
    /** Of all their bytes, as they were read and as they were read back. */
    digest: Digest,
  }),
)

/** Copies an image's files byte by byte, holes as holes, into a hidden folder beside the target and reads them back from there. */
export const copyFiles = defineAction({
  name: 'copy-files',
  layer: 'L1',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  input: Input,
  outcome: Outcome,
  words: ({ files }) => {
    const own = files.at(-1)
    return {
      title: 'Copy it to the other filesystem',
      does: `Copies ${baseName(own?.from ?? '')} with all its files into a hidden folder beside ${baseName(own?.to ?? '')}, flushes them, reads them back and compares their digests.`,
    }
  },
  told: ({ bytes, digest }) => `${formatBytes(bytes)}, read back equal: ${digest.slice(0, 16)}…`,
  undo: ({ files, staging }) => [call(discardCopy, { target: files.at(-1)?.to ?? '', staging })],
})
