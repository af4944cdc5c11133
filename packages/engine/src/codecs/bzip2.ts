import Bzip2 from '@foxglove/wasm-bz2'

let loaded: Promise<Bzip2> | null = null

/** Bzip2 to at most `size` bytes, by libbz2 compiled to WebAssembly; rejects on bad input. */
export async function unpackBzip2(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  loaded ??= Bzip2.init()
  return (await loaded).decompress(bytes, size)
}
