import { wholeOf, type ByteSource } from '../../binary/byte-source.ts'
import { mergeExtentStream, type Extent } from '../../ranges/extent.ts'
import { clampToDisk, assertOnDisk } from '../../disk/disk-range.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { FormatDriver } from '../../image/format-driver.ts'
import { checkRaw } from './check.ts'

/** Raw: the file is the disk, byte for byte; holes of the host filesystem are zeros. */
export const rawDriver: FormatDriver = {
  format: 'raw',
  recognises: () => true,
  async inspect(file) {
    return {
      format: 'raw',
      subformat: null,
      virtualSize: file.source.size,
      clusterSize: null,
      identity: { kind: 'none' },
      parent: null,
      parts: [],
      snapshots: [],
      details: {},
      problems: [],
    }
  },
  check: checkRaw,
  async openLayer(file) {
    return {
      disk: rawDisk(file.source),
      parts: [],
      async [Symbol.asyncDispose]() {},
    }
  },
}

/** The bytes of `source` as a disk of the same size. */
export function rawDisk(source: ByteSource): DiskReader {
  const disk: DiskReader = {
    name: source.name,
    virtualSize: source.size,
    extents: (range, options) =>
      mergeExtentStream(holesAsZeros(source.extents(clampToDisk(disk, range)), options?.signal)),
    async readInto(target, at, options) {
      options?.signal?.throwIfAborted()
      assertOnDisk(disk, { start: at, end: at + target.length })
      await source.readInto(target, at)
    },
    storedAt(at) {
      const { of: whole, start } = wholeOf(source)
      return { source: whole, at: start + at, length: Math.max(0, source.size - at) }
    },
  }
  return disk
}

async function* holesAsZeros(
  extents: AsyncIterable<Extent>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Extent> {
  for await (const extent of extents) {
    signal?.throwIfAborted()
    yield extent.content === 'absent' ? { ...extent, content: 'zero' } : extent
  }
}
