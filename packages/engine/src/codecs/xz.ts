import { xzSizes } from './xz-sizes.ts'

/** Bytes of a dictionary, at most; hdiutil uses 8 MiB and less. */
const maxDictionary = 64 * 1024 ** 2

/**
 * One xz stream to at most `size` bytes; rejects on bad input. The library has no limit of its own, so what the stream
 * will unpack to is counted from its chunk headers first.
 */
export async function unpackXz(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const { unpacked, dictionary } = xzSizes(bytes)
  if (unpacked > size) throw new RangeError(`more than ${size} bytes`)
  if (dictionary > maxDictionary) throw new RangeError(`a dictionary of ${dictionary} bytes`)
  // Loaded when the first image needs it: few do.
  const { decompressSync } = await import('@napi-rs/lzma/xz')
  return decompressSync(bytes)
}
