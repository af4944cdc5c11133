import { mergeExtentStream, type Extent } from '../ranges/extent.ts'
import { runsWithin, type RunList } from '../ranges/run-list.ts'
import { assertOnDisk } from './disk-range.ts'
import type { DiskReader, ReadOptions } from './disk-reader.ts'

/** A hole shorter than this is read with what lies around it: a read of its own would cost more. */
const shortHole = 32 * 1024

/** The disk with the bytes of `holes` as zeros, whatever lies there. */
export function maskedDisk(disk: DiskReader, holes: RunList): DiskReader {
  return {
    name: disk.name,
    virtualSize: disk.virtualSize,
    extents: (range, options) => mergeExtentStream(maskedExtents(disk.extents(range, options), holes)),
    async readInto(target, at, options) {
      const end = at + target.length
      assertOnDisk(disk, { start: at, end })
      const inside = [...runsWithin(holes, { start: at, end })]
      let from = at
      for (const hole of inside) {
        if (hole.end - hole.start < shortHole) continue
        await readPart(disk, { target: target.subarray(from - at, hole.start - at), at: from, options })
        from = hole.end
      }
      await readPart(disk, { target: target.subarray(from - at), at: from, options })
      for (const hole of inside) target.fill(0, hole.start - at, hole.end - at)
    },
    storedAt(at) {
      const stored = disk.storedAt?.(at) ?? null
      if (stored === null) return null
      const [hole] = runsWithin(holes, { start: at, end: at + stored.length })
      if (!hole) return stored
      return hole.start === at ? null : { ...stored, length: hole.start - at }
    },
  }
}

interface Part {
  readonly target: Uint8Array
  readonly at: number
  readonly options: ReadOptions | undefined
}

async function readPart(disk: DiskReader, { target, at, options }: Part): Promise<void> {
  if (target.length > 0) await disk.readInto(target, at, options)
}

/** Data in a hole is told as zeros; what is zero or absent is so already. */
async function* maskedExtents(extents: AsyncIterable<Extent>, holes: RunList): AsyncGenerator<Extent> {
  for await (const extent of extents) {
    if (extent.content !== 'data') {
      yield extent
      continue
    }
    let at = extent.start
    const end = extent.start + extent.length
    for (const hole of runsWithin(holes, { start: at, end })) {
      if (at < hole.start) yield { start: at, length: hole.start - at, content: 'data' }
      yield { start: hole.start, length: hole.end - hole.start, content: 'zero' }
      at = hole.end
    }
    if (at < end) yield { start: at, length: end - at, content: 'data' }
  }
}
