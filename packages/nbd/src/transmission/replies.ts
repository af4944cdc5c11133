import { chunkDone, chunkTypes, magics } from '../messages/numbers.ts'
import {
  chunkHeader,
  errorChunk,
  offsetData,
  offsetHole,
  simpleReply,
} from '../messages/transmission-messages.ts'
import { utf8UpTo } from '../messages/wire-text.ts'
import { errnoNumbers } from './errno.ts'
import type { NbdRequestError } from './errno.ts'
import type { ReadPiece } from './read-plan.ts'

/** Bytes of the text in an error chunk. */
const maxErrorText = 4096

/** A simple reply without an error; the data of a read follows. */
export function encodeSuccess(cookie: bigint): Uint8Array {
  return simpleReply.write({ magic: magics.simpleReply, error: 0, cookie })
}

/** An error reply: with its text where structured replies carry it, else the number alone. */
export function encodeError(
  cookie: bigint,
  error: NbdRequestError,
  { hasStructuredReplies }: { readonly hasStructuredReplies: boolean },
): Uint8Array[] {
  const number = errnoNumbers[error.errno]
  if (!hasStructuredReplies) return [simpleReply.write({ magic: magics.simpleReply, error: number, cookie })]
  const text = utf8UpTo(error.message, maxErrorText)
  return [
    encodeChunk(cookie, { type: chunkTypes.error, flags: chunkDone, length: errorChunk.size + text.length }),
    errorChunk.write({ error: number, messageLength: text.length }),
    text,
  ]
}

/** One block-status chunk that ends its reply. */
export function encodeStatusReply(cookie: bigint, payload: Uint8Array): Uint8Array[] {
  return [
    encodeChunk(cookie, { type: chunkTypes.blockStatus, flags: chunkDone, length: payload.length }),
    payload,
  ]
}

/** The chunks of a read; `data` gives the bytes of a data piece. */
export function encodeReadReply(
  cookie: bigint,
  pieces: readonly ReadPiece[],
  data: (piece: ReadPiece) => Uint8Array,
): Uint8Array[] {
  return pieces.flatMap((piece, index) => {
    const flags = index === pieces.length - 1 ? chunkDone : 0
    const { offset, length } = piece
    if (piece.content === 'hole') {
      const header = encodeChunk(cookie, { type: chunkTypes.offsetHole, flags, length: offsetHole.size })
      return [header, offsetHole.write({ offset, length })]
    }
    const header = encodeChunk(cookie, {
      type: chunkTypes.offsetData,
      flags,
      length: offsetData.size + length,
    })
    return [header, offsetData.write({ offset }), data(piece)]
  })
}

function encodeChunk(
  cookie: bigint,
  chunk: { readonly type: number; readonly flags: number; readonly length: number },
): Uint8Array {
  return chunkHeader.write({ magic: magics.structuredReply, cookie, ...chunk })
}
