import type { ByteRange } from '../ranges/byte-range.ts'
import { chunkLength, chunkSize, sameBytes, type Manifest } from './disk-digest.ts'

/** In which chunks two disks differ, also where one is longer: what lies in one only counts as a difference. */
export function changedChunks(first: Manifest, second: Manifest): readonly number[] {
  const changed = new Set<number>()
  for (const { index, leaf } of first.entries()) {
    const other = second.leaf(index)
    if (!other || !sameBytes(leaf, other)) changed.add(index)
  }
  for (const { index } of second.entries()) if (first.leaf(index) === null) changed.add(index)
  if (first.size !== second.size)
    for (const index of behindTheShorter(first.size, second.size)) changed.add(index)
  return [...changed].toSorted((a, b) => a - b)
}

/** The chunks from the end of the shorter disk on. */
function* behindTheShorter(a: number, b: number): Generator<number> {
  const [shorter, longer] = a < b ? [a, b] : [b, a]
  for (let index = Math.floor(shorter / chunkSize); index * chunkSize < longer; index += 1) yield index
}

/** The bytes of chunks in rising order, neighbours as one range. */
export function rangesOfChunks(chunks: readonly number[], size: number): readonly ByteRange[] {
  const ranges: { start: number; end: number }[] = []
  for (const index of chunks) {
    const start = index * chunkSize
    const end = start + chunkLength(size, index)
    const last = ranges.at(-1)
    if (last?.end === start) last.end = end
    else ranges.push({ start, end })
  }
  return ranges
}
