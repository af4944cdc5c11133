import { limits, transmissionFlags } from '../messages/numbers.ts'

/** Sizes in bytes that requests to an export keep to. */
export interface BlockSize {
  /** Offsets and lengths are multiples of it. */
  readonly minimum: number
  readonly preferred: number
  /** Of the payload of one request. */
  readonly maximum: number
}

/** What a client knows of an export it is connected to. */
export interface ExportFacts {
  readonly size: number
  readonly isReadOnly: boolean
  readonly canMultiConn: boolean
  /** It says when what was written is on its medium. */
  readonly canFlush: boolean
  readonly canWriteZeroes: boolean
  readonly hasStructuredReplies: boolean
  /** Id of `base:allocation`; null: the server does not tell holes from data. */
  readonly allocationContextId: number | null
  readonly blockSize: BlockSize
  readonly description: string | null
}

/** What a client has learned so far in the handshake. */
export interface Learned {
  readonly omitsPadding: boolean
  readonly hasStructuredReplies: boolean
  readonly allocationContextId: number | null
  readonly size: number | null
  readonly flags: number
  readonly blockSize: BlockSize
  readonly description: string | null
}

/** Block sizes are those that the specification lets a client assume of a server that states none. */
export const nothingLearned: Learned = {
  omitsPadding: false,
  hasStructuredReplies: false,
  allocationContextId: null,
  size: null,
  flags: 0,
  blockSize: { minimum: 1, preferred: 4096, maximum: limits.payload },
  description: null,
}

export function factsOf(learned: Learned, size: number): ExportFacts {
  const { flags, hasStructuredReplies, allocationContextId, blockSize, description } = learned
  return {
    size,
    isReadOnly: (flags & transmissionFlags.readOnly) !== 0,
    canFlush: (flags & transmissionFlags.sendFlush) !== 0,
    canWriteZeroes: (flags & transmissionFlags.sendWriteZeroes) !== 0,
    canMultiConn: (flags & transmissionFlags.canMultiConn) !== 0,
    hasStructuredReplies,
    allocationContextId: hasStructuredReplies ? allocationContextId : null,
    blockSize: { ...blockSize, maximum: Math.min(blockSize.maximum, limits.payload) },
    description,
  }
}
