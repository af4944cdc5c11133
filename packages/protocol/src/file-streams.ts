import { z } from 'zod'
import { Bytes, ErrorView, FileName, HostName, Timestamp } from './primitives.ts'

/**
 * Files go between a browser and an agent in pieces, through the controller: an agent asks for and brings each piece by a request
 * of its own, so that none of the three holds more than a piece, and none has to be reached by another.
 */
export const pieceSize = 4 * 1024 * 1024

/** Names one stream to the agent that serves it; unguessable. */
export const StreamToken = z.string().regex(/^[\w-]{20,100}$/u)

/** What arrives lies beside its place as `.<name>.<staging>.part`; the same id goes on with what is there. */
export const UploadId = z.string().regex(/^[0-9a-f]{12}$/u, 'the id of an upload has 12 hexadecimal digits')

/** SHA-256 in hexadecimal. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/u)

/** What an agent says of the file that it sends, before the first byte. */
export const SentFile = z.lazy(() =>
  z.object({
    size: Bytes,
    modifiedAt: Timestamp,
    /** The same as long as the file is: made of its number, size and time. */
    tag: z.string().regex(/^[\w-]{1,100}$/u),
  }),
)
export type SentFile = z.infer<typeof SentFile>

/** The bytes that are wanted of it; `end` is not one of them. */
export const WantedBytes = z.object({ start: Bytes, end: Bytes })
export type WantedBytes = z.infer<typeof WantedBytes>

/** What an agent says when it asks for the next piece. */
export const Received = z.object({
  /** Bytes from the start of the file that are written. */
  received: Bytes,
  /** Why the piece before was not taken; null: it was. */
  error: ErrorView.nullable().default(null),
})
export type Received = z.infer<typeof Received>

/** Headers of a piece. */
export const pieceHeaders = { at: 'x-varve-at', sha256: 'x-varve-sha256' } as const

export const UploadTarget = z.lazy(() =>
  z.object({
    host: HostName,
    library: z.string().min(1),
    name: FileName,
    id: UploadId,
  }),
)
export type UploadTarget = z.infer<typeof UploadTarget>

export const BeginUpload = z.lazy(() => UploadTarget.unwrap().extend({ size: Bytes }))
export type BeginUpload = z.infer<typeof BeginUpload>

export const BegunUpload = z.object({
  /** Names it to the browser that uploads. */
  upload: StreamToken,
  /** Bytes that are there already. */
  received: Bytes,
})
export type BegunUpload = z.infer<typeof BegunUpload>
