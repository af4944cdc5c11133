import type { ByteRange } from '../ranges/byte-range.ts'
import type { DiskReader, ReadOptions } from './disk-reader.ts'
import { assertOnDisk, clampToDisk } from './disk-range.ts'
import { overlayExtents } from '../ranges/overlay-extents.ts'

/**
 * The child over its parent as one disk of the child's size. Where the child is absent the parent is read; past the
 * parent's end there are zeros.
 */
export function overlayDisk(child: DiskReader, parent: DiskReader): DiskReader {
  return {
    name: child.name,
    virtualSize: child.virtualSize,
    extents(range, options) {
      const inside = clampToDisk(child, range)
      return overlayExtents(child.extents(inside, options), {
        size: parent.virtualSize,
        extents: (part) => parent.extents(part, options),
      })
    },
    async readInto(target, at, options) {
      const range = { start: at, end: at + target.length }
      assertOnDisk(child, range)
      let from = at
      let isAbsent = false
      const read = (end: number): Promise<void> => {
        const part = target.subarray(from - at, end - at)
        if (!isAbsent) return child.readInto(part, from, options)
        return readParent(parent, { target: part, at: from, options })
      }
      for await (const extent of child.extents(range, options)) {
        if ((extent.content === 'absent') === isAbsent) continue
        if (extent.start > from) await read(extent.start)
        from = extent.start
        isAbsent = !isAbsent
      }
      if (from < range.end) await read(range.end)
    },
  }
}

interface ParentRead {
  readonly target: Uint8Array
  readonly at: number
  readonly options: ReadOptions | undefined
}

async function readParent(parent: DiskReader, { target, at, options }: ParentRead): Promise<void> {
  const inParent: ByteRange = { start: at, end: Math.min(at + target.length, parent.virtualSize) }
  const length = Math.max(0, inParent.end - inParent.start)
  target.fill(0, length)
  if (length > 0) await parent.readInto(target.subarray(0, length), at, options)
}
