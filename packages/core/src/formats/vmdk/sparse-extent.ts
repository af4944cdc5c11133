import { assertInside, type ByteSource } from '../../binary/byte-source.ts'
import type { Extent, ExtentContent } from '../../ranges/extent.ts'
import type { Problem } from '../../problems/problem.ts'
import { assertOnDisk, clampToDisk } from '../../disk/disk-range.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { Codecs } from '../../image/image-files.ts'
import { compressedGrains } from './compressed-grains.ts'
import { grainContent, type GrainRun } from './grain-entry.ts'
import { openGrainTables, type GrainTables } from './grain-tables.ts'
import { sectorSize, type SparseLayout } from './sparse-header.ts'

export interface SparseExtent {
  readonly disk: DiskReader
  readonly problems: readonly Problem[]
}

/** A hosted sparse extent as a disk of its capacity; absent grains are `absent`. */
export async function openSparseExtent(
  source: ByteSource,
  layout: SparseLayout,
  codecs: Codecs,
): Promise<SparseExtent> {
  const tables = await openGrainTables(source, layout)
  const tableSpan = layout.grainSize * layout.tableEntries
  const readRun = layout.isCompressed
    ? compressedGrains(source, layout, codecs)
    : (run: GrainRun) => readPlainGrains(source, layout, run)
  const disk: DiskReader = {
    name: source.name,
    virtualSize: layout.capacity,
    extents: (range, options) =>
      sparseExtents({ source, layout, tables }, clampToDisk(disk, range), options?.signal),
    async readInto(target, at, options) {
      assertOnDisk(disk, { start: at, end: at + target.length })
      for (let done = 0; done < target.length;) {
        options?.signal?.throwIfAborted()
        const index = Math.floor((at + done) / tableSpan)
        const end = Math.min(target.length, (index + 1) * tableSpan - at)
        const part = target.subarray(done, end)
        if (tables.isAbsent(index)) part.fill(0)
        else {
          const table = tables.cached(index) ?? (await tables.load(index))
          await readRun({ table, tableAt: index * tableSpan, target: part, at: at + done })
        }
        done = end
      }
    },
  }
  return { disk, problems: tables.problems }
}

/** Grains that follow each other in the file are read by one call. */
async function readPlainGrains(source: ByteSource, layout: SparseLayout, run: GrainRun): Promise<void> {
  const { grainSize } = layout
  const { table, tableAt, target, at } = run
  const grainSectors = grainSize / sectorSize
  const last = Math.floor((at + target.length - 1 - tableAt) / grainSize)
  let done = 0
  for (let grain = Math.floor((at - tableAt) / grainSize); grain <= last;) {
    const first = table[grain] ?? 0
    const content = grainContent(first, layout, { file: source.name, grainAt: tableAt + grain * grainSize })
    const step = content === 'data' ? grainSectors : 0
    let next = grain + 1
    while (next <= last && table[next] === first + (next - grain) * step) next += 1
    const end = Math.min(target.length, tableAt + next * grainSize - at)
    const part = target.subarray(done, end)
    if (content === 'data') {
      const start = first * sectorSize + (at + done - tableAt - grain * grainSize)
      assertInside(source, { start, end: start + part.length }, 'VMDK grain')
      await source.readInto(part, start)
    } else part.fill(0)
    done = end
    grain = next
  }
}

interface OpenTables {
  readonly source: ByteSource
  readonly layout: SparseLayout
  readonly tables: GrainTables
}

async function* sparseExtents(
  { source, layout, tables }: OpenTables,
  { start, end }: { start: number; end: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Extent> {
  const { grainSize, tableEntries } = layout
  const tableSpan = grainSize * tableEntries
  const file = source.name
  /** An entry up to this one has its whole grain inside the file. */
  const highest = Math.floor((source.size - (layout.isCompressed ? 12 : grainSize)) / sectorSize)
  let runStart = start
  let runContent: ExtentContent | null = null
  for (let position = start; position < end;) {
    const index = Math.floor(position / tableSpan)
    const tableEnd = Math.min(end, (index + 1) * tableSpan)
    if (tables.isAbsent(index)) {
      if (runContent !== null && runContent !== 'absent') {
        yield { start: runStart, length: position - runStart, content: runContent }
        runStart = position
      }
      runContent = 'absent'
      position = tableEnd
      continue
    }
    signal?.throwIfAborted()
    const table = tables.cached(index) ?? (await tables.load(index))
    const tableAt = index * tableSpan
    const last = Math.ceil((tableEnd - tableAt) / grainSize)
    for (let grain = Math.floor((position - tableAt) / grainSize); grain < last;) {
      const entry = table[grain] ?? 0
      const grainAt = tableAt + grain * grainSize
      const content = grainContent(entry, layout, { file, grainAt })
      if (content === 'data') assertGrainInside(source, layout, { entry, grainAt })
      if (runContent !== null && runContent !== content) {
        yield { start: runStart, length: position - runStart, content: runContent }
        runStart = position
      }
      runContent = content
      grain = endOfLikes(table, { from: grain, end: last, highest })
      position = Math.min(tableEnd, tableAt + grain * grainSize)
    }
  }
  if (runContent !== null && runStart < end)
    yield { start: runStart, length: end - runStart, content: runContent }
}

/** The first grain after `from` of another content, or that must be looked at by itself. */
function endOfLikes(
  table: Uint32Array,
  { from, end, highest }: { from: number; end: number; highest: number },
): number {
  const first = table[from] ?? 0
  const [low, high] = first <= 1 ? [first, first] : [2, highest]
  let next = from + 1
  for (; next < end; next += 1) {
    const entry = table[next] ?? 0
    if (entry < low || entry > high) break
  }
  return next
}

function assertGrainInside(
  source: ByteSource,
  layout: SparseLayout,
  { entry, grainAt }: { entry: number; grainAt: number },
): void {
  const start = entry * sectorSize
  const length = layout.isCompressed ? 12 : Math.min(layout.grainSize, layout.capacity - grainAt)
  if (start + length > source.size) assertInside(source, { start, end: start + length }, 'VMDK grain')
}
