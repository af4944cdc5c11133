import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { NbdExport } from '../nbd-export.ts'

/** The export whose reads fail with what `fail` gives for their range; null lets them through. */
export function withErrors(inner: NbdExport, fail: (range: ByteRange) => Error | null): NbdExport {
  return {
    ...inner,
    async readInto(target, at, options) {
      const error = fail({ start: at, end: at + target.length })
      if (error) throw error
      await inner.readInto(target, at, options)
    },
  }
}
