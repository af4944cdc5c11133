import { isHole, readRange } from '../../binary/byte-source.ts'
import { checkBlocks, givenUp, noPlace, type BlockPlaces } from '../block-map/check-blocks.ts'
import { FindingList, type CheckOptions, type CheckReport } from '../../image/check-report.ts'
import { guardedCheck } from '../../image/guarded-check.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { bitmapPresent, blockStates, decodeEntry, entrySize, type BatShape } from './bat.ts'
import { mib } from './header.ts'
import { readVhdxMetadata, type VhdxMetadata } from './metadata.ts'
import type { Region } from './regions.ts'

const pageLength = 65_536
const remedy = 'Compare the disk with another copy, or restore it from a backup.'

/**
 * Headers, region tables and log by their checksums, and where blocks and sector bitmaps lie: at whole MiB, in the file,
 * on no region and not on each other. The log is replayed in memory before.
 */
export async function checkVhdx(file: ImageFile, options: CheckOptions = {}): Promise<CheckReport> {
  return await guardedCheck({ file: file.path, format: 'vhdx' }, async (findings) => {
    const metadata = await readVhdxMetadata(file)
    for (const problem of metadata.problems) findings.adopt('remark', problem)
    const { bat, source, regions, virtualSize, type } = metadata
    const common = {
      file: file.path,
      fileSize: source.size,
      findings,
      prefix: 'vhdx',
      unit: mib,
      blockCount: bat.entryCount,
      reserved: [{ start: 0, end: mib, name: 'header section' }, ...regions.reserved],
      unused: null,
      source: null,
      remedy,
    }
    const bitmapsAt = type === 'differencing' ? await bitmapRegions(metadata) : []
    const payload = {
      ...common,
      reserved: [...common.reserved, ...bitmapsAt],
      source,
      // Hyper-V does: after a trim, and when it moves its tables.
      leavesBlocks: true,
      noun: 'block at BAT entry',
      blockLength: bat.blockSize,
      lengthOf: (index: number) =>
        Math.min(bat.blockSize, Math.max(0, virtualSize - blockOf(bat, index) * bat.blockSize)),
    }
    const totals = await checkBlocks(payload, entriesOf(metadata, { findings, kind: 'payload' }), options)
    const bitmaps = { ...common, noun: 'sector bitmap at BAT entry', blockLength: mib, lengthOf: () => mib }
    await checkBlocks(bitmaps, entriesOf(metadata, { findings, kind: 'bitmap' }), options)
    return {
      checked: ['headers', 'region tables', 'log', 'metadata', 'BAT'],
      allocatedBytes: totals.allocatedBlocks * bat.blockSize,
      leakedBytes: 0,
    }
  })
}

/** Where the sector bitmaps lie: no room for payload blocks. */
async function bitmapRegions(metadata: VhdxMetadata): Promise<Region[]> {
  const unheard = new FindingList('')
  const regions: Region[] = []
  for await (const { places } of entriesOf(metadata, { findings: unheard, kind: 'bitmap' })) {
    for (const start of places)
      if (start >= 0) regions.push({ start, end: start + mib, name: 'sector bitmap' })
  }
  return regions
}

type EntryKind = 'payload' | 'bitmap'

function kindOf({ chunkRatio }: BatShape, index: number): EntryKind {
  return index % (chunkRatio + 1) === chunkRatio ? 'bitmap' : 'payload'
}

/** Number of the block that a payload entry is about. */
function blockOf({ chunkRatio }: BatShape, index: number): number {
  return index - Math.floor(index / (chunkRatio + 1))
}

/** The places that BAT entries of one kind name; states that no entry of the kind may have become findings. */
async function* entriesOf(
  { source, bat, regions, type }: VhdxMetadata,
  { findings, kind }: { readonly findings: FindingList; readonly kind: EntryKind },
): AsyncGenerator<BlockPlaces> {
  for (let first = 0; first < bat.entryCount; first += pageLength) {
    const count = Math.min(pageLength, bat.entryCount - first)
    const entriesAt = regions.bat.start + first * entrySize
    const range = { start: entriesAt, end: entriesAt + count * entrySize }
    if (await isHole(source, range)) continue
    const view = new DataView((await readRange(source, range, 'VHDX BAT')).buffer)
    const places = new Float64Array(count).fill(noPlace)
    for (let index = 0; index < count; index += 1) {
      if (kindOf(bat, first + index) !== kind) continue
      const { state, offset } = decodeEntry(view, index * entrySize)
      if (hasPlace(kind, state)) places[index] = offset
      else if (state !== blockStates.notPresent) places[index] = givenUp
      if (isState(kind, state) && (state !== blockStates.partiallyPresent || type === 'differencing'))
        continue
      const message = `BAT entry ${first + index} has the state ${state}, which a ${kind} entry of this disk may not have.`
      findings.add('corruption', {
        id: 'vhdx-bat-state',
        message,
        remedy,
        offset: entriesAt + index * entrySize,
      })
    }
    yield { first, places, entriesAt, entrySize }
  }
}

function hasPlace(kind: EntryKind, state: number): boolean {
  if (kind === 'bitmap') return state === bitmapPresent
  return state === blockStates.fullyPresent || state === blockStates.partiallyPresent
}

const payloadStates: ReadonlySet<number> = new Set(Object.values(blockStates))

function isState(kind: EntryKind, state: number): boolean {
  if (kind === 'bitmap') return state === bitmapPresent || state === blockStates.notPresent
  return payloadStates.has(state)
}
