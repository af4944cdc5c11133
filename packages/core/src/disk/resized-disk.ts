import { mergeExtentStream, type Extent } from '../ranges/extent.ts'
import type { ByteRange } from '../ranges/byte-range.ts'
import { assertOnDisk } from './disk-range.ts'
import type { DiskReader, ReadOptions, StoredRun } from './disk-reader.ts'

/** Bytes of a disk that stand in place of its own. */
interface Patch {
  readonly at: number
  readonly bytes: Uint8Array
}

/** The disk with another size: zeros behind its end, or nothing of it behind the new one; `patches` stand in place of what is there. */
export function resizedDisk(
  disk: DiskReader,
  { virtualSize, patches }: { readonly virtualSize: number; readonly patches: readonly Patch[] },
): DiskReader {
  const kept = Math.min(disk.virtualSize, virtualSize)
  const sorted = patches.toSorted((one, other) => one.at - other.at)
  const own = { name: disk.name, virtualSize }
  return {
    ...own,
    extents: (range, options) => mergeExtentStream(patchedExtents(plainExtents(range, options), sorted)),
    async readInto(target, at, options) {
      const end = at + target.length
      assertOnDisk(own, { start: at, end })
      const inside = Math.max(0, Math.min(kept - at, target.length))
      if (inside > 0) await disk.readInto(target.subarray(0, inside), at, options)
      target.fill(0, inside)
      for (const { at: start, bytes } of meeting(sorted, { start: at, end })) {
        const from = Math.max(start, at)
        target.set(bytes.subarray(from - start, end - start), from - at)
      }
    },
    storedAt(at) {
      const stored = at < kept ? (disk.storedAt?.(at) ?? null) : null
      if (stored === null) return null
      return clipRun({ ...stored, length: Math.min(stored.length, kept - at) }, at, sorted)
    },
  }

  async function* plainExtents(
    { start, end }: ByteRange,
    options: ReadOptions | undefined,
  ): AsyncGenerator<Extent> {
    if (start < kept) yield* disk.extents({ start, end: Math.min(end, kept) }, options)
    const from = Math.max(start, kept)
    if (from < end) yield { start: from, length: end - from, content: 'zero' }
  }
}

const endOf = ({ at, bytes }: Patch) => at + bytes.length

function meeting(patches: readonly Patch[], { start, end }: ByteRange): readonly Patch[] {
  return patches.filter((patch) => patch.at < end && endOf(patch) > start)
}

/** Up to the first patch: its bytes stand in no file. */
function clipRun(run: StoredRun, at: number, patches: readonly Patch[]): StoredRun | null {
  const [first] = meeting(patches, { start: at, end: at + run.length })
  if (!first) return run
  return first.at <= at ? null : { ...run, length: first.at - at }
}

async function* patchedExtents(
  extents: AsyncIterable<Extent>,
  patches: readonly Patch[],
): AsyncGenerator<Extent> {
  for await (const { start, length, content } of extents) {
    let at = start
    const end = start + length
    for (const patch of meeting(patches, { start, end })) {
      if (at < patch.at) yield { start: at, length: patch.at - at, content }
      const from = Math.max(at, patch.at)
      const until = Math.min(end, endOf(patch))
      yield { start: from, length: until - from, content: 'data' }
      at = until
    }
    if (at < end) yield { start: at, length: end - at, content }
  }
}
