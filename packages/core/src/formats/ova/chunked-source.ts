import { assertInside, type ByteSource } from '../../binary/byte-source.ts'

/** Sources one after the other as one. */
export function joinedSource(parts: readonly ByteSource[], name: string): ByteSource {
  let end = 0
  const placed = parts.map((source) => {
    const start = end
    end += source.size
    return { source, start, end }
  })
  const joined: ByteSource = {
    name,
    size: end,
    async readInto(target, at) {
      assertInside(joined, { start: at, end: at + target.length }, 'data')
      for (const part of placed) {
        const [low, high] = [Math.max(at, part.start), Math.min(at + target.length, part.end)]
        if (low < high) await part.source.readInto(target.subarray(low - at, high - at), low - part.start)
      }
    },
    async *extents(range) {
      for (const part of placed) {
        const [low, high] = [Math.max(range.start, part.start), Math.min(range.end, part.end)]
        if (low >= high) continue
        const inner = part.source.extents({ start: low - part.start, end: high - part.start })
        for await (const extent of inner) yield { ...extent, start: extent.start + part.start }
      }
    },
  }
  return joined
}
