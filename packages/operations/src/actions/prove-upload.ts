import { formatBytes } from '@varve/core/units/format-bytes'
import { Bytes, Path } from '@varve/protocol/primitives'
import { Sha256 } from '@varve/protocol/file-streams'
import { z } from 'zod'
import { call, defineAction } from './action.ts'
import { discardStaged } from './discard-staged.ts'
import { StagingId } from './new-image.ts'
import { baseName } from './path-words.ts'

const Input = z.object({
  /** Absolute path that the image is to get. */
  target: Path,
  staging: StagingId,
  size: Bytes,
  /** SHA-256 over the SHA-256 of each piece of 4 MiB, as who uploaded it says. */
  digest: Sha256,
})

const Outcome = z.lazy(() =>
  z.object({
    digest: Sha256,
    bytes: Bytes,
    /** The number of the file on its filesystem, by which it is known whatever name it has. */
    file: z.string(),
  }),
)

/** Reads what was uploaded back and compares it, byte for byte, with what was sent. */
export const proveUpload = defineAction({
  name: 'prove-upload',
  layer: 'L1',
  lane: 'transfer',
  attempts: 1,
  isFinal: false,
  isHidden: true,
  input: Input,
  outcome: Outcome,
  words: ({ target }) => ({
    title: 'Prove that all of it arrived',
    does: `Flushes what arrived of ${baseName(target)}, reads it back and compares its digest with that of the file that was sent.`,
  }),
  told: ({ bytes, digest }) => `${formatBytes(bytes)}, equal: ${digest.slice(0, 16)}…`,
  undo: ({ target, staging }) => [call(discardStaged, { target, staging, format: 'raw', subformat: null })],
})
