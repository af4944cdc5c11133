import type Bzip2 from '@foxglove/wasm-bz2'
import { keepWasmCode } from '../system/keep-wasm-code.ts'

/** Loaded when the first image needs it: few do. */
let loaded: Promise<Bzip2> | null = null

/** Bzip2 to at most `size` bytes, by libbz2 compiled to WebAssembly; rejects on bad input. */
export async function unpackBzip2(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  loaded ??= load()
  return (await loaded).decompress(bytes, size)
}

async function load(): Promise<Bzip2> {
  keepWasmCode()
  const { default: library } = await import('@foxglove/wasm-bz2')
  return await library.init()
}
