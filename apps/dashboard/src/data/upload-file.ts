import { toHex } from '@varve/core/binary/hex'
import { sha256 as sha256Here } from '@varve/core/digest/sha256'
import { pieceHeaders, pieceSize, type BegunUpload } from '@varve/protocol/file-streams'
import type { ErrorView } from '@varve/protocol/primitives'

/** How far an upload is. */
export interface UploadProgress {
  /** Bytes that are written on the host. */
  readonly received: number
  /** Why nothing arrives now; null: it goes on. */
  readonly waits: string | null
}

export interface UploadFile {
  readonly file: Blob
  /** Where the controller is. */
  readonly origin: string
  /** Begins it, or asks how much has arrived. */
  readonly begin: (signal: AbortSignal) => Promise<BegunUpload>
  /** Whether that is worth trying again: nobody answered. */
  readonly isPassing: (error: unknown) => boolean
  readonly signal: AbortSignal
  readonly onProgress: (progress: UploadProgress) => void
}

/** What the controller or the agent says against a piece. */
export class UploadError extends Error {
  override readonly name = 'UploadError'
  /** Null: the connection of this upload is over, and another one is begun. */
  readonly record: ErrorView | null

  constructor(record: ErrorView | null) {
    super(record?.message ?? 'the connection of the upload is over')
    this.record = record
  }
}

/** Seconds between two attempts; the last one stays. */
const pauses = [0.3, 1, 1, 2, 2, 5]
/** Attempts without a byte that arrived. */
const mostAttempts = 60
/** What passes by itself: the other end was started again, or was too slow. */
const passing = new Set(['canceled', 'agent-gone', 'no-progress', 'digest-mismatch', 'controller-gone'])

/**
 * Sends a file piece by piece, each with its digest, and goes on where it was after any break; gives the digest of the whole:
 * SHA-256 over the SHA-256 of each piece. Holds one piece at a time.
 */
export async function uploadFile(options: UploadFile): Promise<string> {
  const { file, signal, onProgress } = options
  const digests: Uint8Array[] = []
  let connection: BegunUpload | null = null
  let received = 0
  let attempts = 0
  for (;;) {
    signal.throwIfAborted()
    try {
      connection ??= await options.begin(signal)
      received = connection.received
      onProgress({ received, waits: null })
      if (received >= file.size) break
      connection = await sendNext(connection, digests, options)
      attempts = 0
    } catch (error) {
      const pause = pauses[Math.min(attempts, pauses.length - 1)] ?? 0
      attempts += 1
      if (signal.aborted || attempts > mostAttempts || !mayPass(error, options)) throw error
      onProgress({ received, waits: wordsOf(error) })
      connection = null
      await rest(pause * 1000, signal)
    }
  }
  for (let index = digests.length; index * pieceSize < file.size; index += 1)
    await pieceAt(index, digests, file)
  const all = new Uint8Array(digests.length * 32)
  digests.forEach((digest, index) => all.set(digest, index * 32))
  return toHex(await sha256(all))
}

async function sendNext(
  { upload, received }: BegunUpload,
  digests: Uint8Array[],
  { file, origin, signal }: UploadFile,
): Promise<BegunUpload> {
  const index = Math.floor(received / pieceSize)
  const { bytes, digest } = await pieceAt(index, digests, file)
  const url = new URL(`/api/uploads/${upload}`, origin)
  url.searchParams.set('at', String(index * pieceSize))
  const response = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', [pieceHeaders.sha256]: toHex(digest) },
    body: bytes,
    signal,
  })
  const answer = (await response.json()) as { received?: number; error?: ErrorView | null }
  if (!response.ok || typeof answer.received !== 'number') throw new UploadError(answer.error ?? null)
  return { upload, received: answer.received }
}

/** Reads a piece; its digest is kept, and those of the pieces before it, which may have arrived in an earlier page. */
async function pieceAt(index: number, digests: Uint8Array[], file: Blob) {
  for (let before = digests.length; before < index; before += 1)
    digests[before] = await sha256(await readPiece(before, file))
  const bytes = await readPiece(index, file)
  const digest = (digests[index] ??= await sha256(bytes))
  return { bytes, digest }
}

async function readPiece(index: number, file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  const start = index * pieceSize
  return new Uint8Array(await file.slice(start, start + pieceSize).arrayBuffer())
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  // Pages that came over plain HTTP from another machine have no cryptography.
  const { subtle }: { readonly subtle?: Pick<typeof crypto.subtle, 'digest'> } = crypto
  return subtle ? new Uint8Array(await subtle.digest('SHA-256', bytes)) : sha256Here(bytes)
}

function mayPass(error: unknown, { isPassing }: UploadFile): boolean {
  if (error instanceof UploadError) return error.record === null || passing.has(error.record.code)
  // A request that nobody answered.
  return error instanceof TypeError || isPassing(error)
}

function wordsOf(error: unknown): string {
  if (error instanceof UploadError && error.record !== null) return error.record.message
  return 'The connection broke; it goes on by itself.'
}

async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason instanceof Error ? signal.reason : new Error('canceled'))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal.addEventListener('abort', stop, { once: true })
  })
}
