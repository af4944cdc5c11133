import { chunkSize, Manifest } from '@varve/core/digest/disk-digest'
import { DiskError } from '@varve/core/problems/disk-error'
import { readError } from '../system/system-error.ts'
import { hexRoot } from '../run/collect-leaves.ts'
import { leafOf } from '../run/read-with-leaf.ts'

/** A raw disk that comes byte after byte, such as standard input. */
export interface ByteStream {
  /** What to call it in messages. */
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
}

export interface StreamChunk {
  readonly start: number
  /** Good until the next chunk is asked for. */
  readonly bytes: Uint8Array
}

/** Bytes of the longest disk: what is kept of a disk while it is read grows with it. */
const longest = 64 * 1024 ** 4

/** The stream in chunks of 4 MiB, the last one as long as it is. However it is cut on its way, the chunks are whole. */
export async function* streamChunks(
  { name, bytes }: ByteStream,
  signal: AbortSignal,
): AsyncGenerator<StreamChunk> {
  const chunk = new Uint8Array(chunkSize)
  let start = 0
  let filled = 0
  try {
    for await (const piece of bytes) {
      for (let at = 0; at < piece.length;) {
        signal.throwIfAborted()
        const part = piece.subarray(at, at + chunkSize - filled)
        chunk.set(part, filled)
        filled += part.length
        at += part.length
        if (filled < chunkSize) continue
        yield { start, bytes: chunk }
        start += filled
        filled = 0
        if (start >= longest)
          throw new DiskError('limit-exceeded', {
            file: name,
            what: 'the size of the disk',
            value: start,
            limit: longest,
          })
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    throw readError(error, name)
  }
  signal.throwIfAborted()
  if (filled > 0) yield { start, bytes: chunk.subarray(0, filled) }
}

/** The digest of a disk whose size is known only at its end. */
export class StreamDigest {
  readonly #leaves = new Manifest(longest)
  #size = 0
  #dataBytes = 0

  /** Takes the next chunk in; whether it holds anything but zeros. */
  add({ start, bytes }: StreamChunk): boolean {
    const leaf = leafOf(bytes)
    if (leaf) {
      this.#leaves.setLeaf(start / chunkSize, leaf)
      this.#dataBytes += bytes.length
    }
    this.#size = start + bytes.length
    return leaf !== null
  }

  get size(): number {
    return this.#size
  }

  /** Bytes of the chunks that hold anything but zeros. */
  get dataBytes(): number {
    return this.#dataBytes
  }

  digest(): string {
    const manifest = new Manifest(this.#size)
    for (const { index, leaf } of this.#leaves.entries()) manifest.setLeaf(index, leaf)
    return hexRoot(manifest)
  }
}
