import { streamChunks, StreamDigest, type ByteStream } from './stream-chunks.ts'

export interface StreamOptions {
  readonly signal: AbortSignal
  /** Told the bytes that have come so far. */
  readonly onProgress?: (bytes: number) => void
}

/** The digest of a stream to its end, with the plain SHA-256 when asked for. */
export async function digestStream(
  stream: ByteStream,
  { signal, onProgress, sha256 = false }: StreamOptions & { readonly sha256?: boolean },
) {
  const { createHash } = await import('node:crypto')
  const hash = sha256 ? createHash('sha256') : null
  const digest = new StreamDigest()
  for await (const chunk of streamChunks(stream, signal)) {
    digest.add(chunk)
    hash?.update(chunk.bytes)
    onProgress?.(digest.size)
  }
  const { size: virtualSize, dataBytes } = digest
  return { virtualSize, dataBytes, digest: digest.digest(), sha256: hash?.digest('hex') ?? null }
}
