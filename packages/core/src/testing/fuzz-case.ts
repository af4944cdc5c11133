import { fromHex, toHex } from '../binary/hex.ts'
import type { FormatName } from '../image/format-rules.ts'
import { exerciseImage, type Exercise } from './exercise-image.ts'
import { memoryFiles } from './memory-files.ts'

/** A file of which only the places that are not zero are kept. */
export interface SparseFile {
  readonly size: number
  readonly parts: readonly { readonly at: number; readonly hex: string }[]
}

/** An input that once broke the engine, small enough to keep. */
export interface FuzzCase {
  /** What it broke, in a sentence. */
  readonly note: string
  /** Path of the image among the files. */
  readonly top: string
  /** Taken for this format whatever its bytes say; null: detected. */
  readonly format: FormatName | null
  readonly files: Readonly<Record<string, SparseFile>>
}

/** Zero bytes that end a part. */
const gap = 16

export function toSparseFile(bytes: Uint8Array): SparseFile {
  const parts: { at: number; hex: string }[] = []
  let start = -1
  let last = -1
  const close = () => {
    if (start >= 0) parts.push({ at: start, hex: toHex(bytes.subarray(start, last + 1)) })
    start = -1
  }
  for (const [at, byte] of bytes.entries()) {
    if (byte === 0) continue
    if (start >= 0 && at - last > gap) close()
    if (start < 0) start = at
    last = at
  }
  close()
  return { size: bytes.length, parts }
}

export function fromSparseFile({ size, parts }: SparseFile): Uint8Array {
  const bytes = new Uint8Array(size)
  for (const { at, hex } of parts) bytes.set(fromHex(hex) ?? [], at)
  return bytes
}

/** Runs a kept input as the fuzzer did; throws what the fuzzer would call a finding. */
export async function replayCase({ top, format, files }: Omit<FuzzCase, 'note'>): Promise<Exercise> {
  const unpacked = Object.fromEntries(
    Object.entries(files).map(([path, file]) => [path, fromSparseFile(file)]),
  )
  return await exerciseImage(top, memoryFiles(unpacked).ports, { format })
}
