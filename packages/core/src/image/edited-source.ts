import { assertInside, type ByteSource } from '../binary/byte-source.ts'
import type { FileWrite } from './disk-writer.ts'

/** `source` as it would be after a few writes; what lies between its end and theirs is zero. */
export function editedSource(source: ByteSource, writes: readonly FileWrite[]): ByteSource {
  const size = writes.reduce((end, { at, bytes }) => Math.max(end, at + bytes.length), source.size)
  const edited: ByteSource = {
    name: source.name,
    size,
    async readInto(target, at) {
      assertInside(edited, { start: at, end: at + target.length }, 'data')
      const old = Math.max(0, Math.min(target.length, source.size - at))
      if (old > 0) await source.readInto(target.subarray(0, old), at)
      target.fill(0, old)
      for (const write of writes) {
        const from = Math.max(at, write.at)
        const to = Math.min(at + target.length, write.at + write.bytes.length)
        if (from < to) target.set(write.bytes.subarray(from - write.at, to - write.at), from - at)
      }
    },
    async *extents({ start, end }) {
      if (start >= end) return
      const isTouched = writes.some(({ at, bytes }) => at < end && at + bytes.length > start)
      if (!isTouched && end <= source.size) yield* source.extents({ start, end })
      else yield { start, length: end - start, content: 'data' }
    },
  }
  return edited
}
