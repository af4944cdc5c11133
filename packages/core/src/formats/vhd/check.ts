import { readRange } from '../../binary/byte-source.ts'
import { checkBlocks, noPlace, type BlockPlaces, type BlockTotals } from '../block-map/check-blocks.ts'
import type { CheckOptions, CheckReport, FindingList } from '../../image/check-report.ts'
import { guardedCheck } from '../../image/guarded-check.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { checksumAt, checksumOf, dynamicHeader, footerSize, sectorSize, unusedEntry } from './header.ts'
import { sizeFinding } from './size-finding.ts'
import { countUnmarkedSectors, unmarkedSectorsFinding, wholeLook } from './unmarked-sectors.ts'
import { readVhdMetadata, type BlockLayout, type VhdMetadata } from './metadata.ts'

/** Entries of the block allocation table read at once. */
const pageLength = 65_536
const remedy = 'Compare the disk with another copy, or restore it from a backup.'

/** Checksums, the two footers, and where the blocks of a dynamic or differencing disk lie. */
export async function checkVhd(file: ImageFile, options: CheckOptions = {}): Promise<CheckReport> {
  return await guardedCheck({ file: file.path, format: 'vhd' }, async (findings) => {
    const metadata = await readVhdMetadata(file, options.choices)
    for (const problem of metadata.problems) findings.adopt('corruption', problem)
    const size = await sizeFinding(file, metadata, options.choices)
    // Every disk of VirtualBox has two sizes: that is no fault of it while none leaves anything out.
    if (size?.asks) findings.adopt('remark', size)
    const { blocks } = metadata
    if (blocks === null) return { checked: ['footer'], allocatedBytes: metadata.virtualSize, leakedBytes: 0 }
    await compareFooters(file, findings)
    const totals = await checkVhdBlocks(file, metadata, { findings, blocks, options })
    const checked = ['checksums', 'footers', 'block allocation table']
    if (metadata.type === 'dynamic' && findings.corruptions === 0) {
      const unmarked = await countUnmarkedSectors(file, metadata, wholeLook(file, options.signal))
      const finding = unmarkedSectorsFinding(file.path, unmarked, options.choices)
      if (finding) findings.adopt('remark', finding)
      checked.push('sector bitmaps')
    }
    return {
      checked,
      allocatedBytes: totals.allocatedBlocks * blocks.blockSize,
      leakedBytes: totals.leakedBytes,
    }
  })
}

interface BlocksToCheck {
  readonly findings: FindingList
  readonly blocks: BlockLayout
  readonly options: CheckOptions
}

export async function checkVhdBlocks(
  file: ImageFile,
  { footer, virtualSize }: VhdMetadata,
  { findings, blocks, options }: BlocksToCheck,
): Promise<BlockTotals> {
  const { source, path } = file
  const { header, tableAt, blockSize, blockCount, bitmapSize } = blocks
  const headerAt = footer.dataOffset ?? 0
  return await checkBlocks(
    {
      file: path,
      fileSize: source.size,
      findings,
      prefix: 'vhd',
      noun: 'block',
      blockLength: bitmapSize + blockSize,
      unit: sectorSize,
      blockCount,
      lengthOf: (index) => bitmapSize + Math.min(blockSize, virtualSize - index * blockSize),
      reserved: [
        { start: 0, end: footerSize, name: 'footer copy' },
        { start: headerAt, end: headerAt + dynamicHeader.size, name: 'dynamic header' },
        { start: tableAt, end: tableAt + header.maxTableEntries * 4, name: 'block allocation table' },
      ],
      unused: 'leak',
      source,
      remedy,
    },
    vhdPages(file, blocks),
    options,
  )
}

async function* vhdPages(
  { source }: ImageFile,
  { tableAt, blockCount }: BlockLayout,
): AsyncGenerator<BlockPlaces> {
  for (let first = 0; first < blockCount; first += pageLength) {
    const count = Math.min(pageLength, blockCount - first)
    const entriesAt = tableAt + first * 4
    const range = { start: entriesAt, end: entriesAt + count * 4 }
    const view = new DataView((await readRange(source, range, 'VHD block allocation table')).buffer)
    const places = new Float64Array(count)
    for (let index = 0; index < count; index += 1) {
      const entry = view.getUint32(index * 4)
      places[index] = entry === unusedEntry ? noPlace : entry * sectorSize
    }
    yield { first, places, entriesAt, entrySize: 4 }
  }
}

/** Both footers of a dynamic disk, as far as they are there and hold the checksum that their bytes give. */
export async function readFooters({ source }: ImageFile): Promise<{
  readonly copy: Uint8Array | null
  readonly last: Uint8Array | null
}> {
  const sound = async (at: number): Promise<Uint8Array | null> => {
    if (at < 0 || at + footerSize > source.size) return null
    const bytes = await readRange(source, { start: at, end: at + footerSize }, 'VHD footer')
    const isFooter = String.fromCharCode(...bytes.subarray(0, 8)) === 'conectix'
    const stored = new DataView(bytes.buffer).getUint32(checksumAt.footer)
    return isFooter && stored === checksumOf(bytes, checksumAt.footer) ? bytes : null
  }
  return { copy: await sound(0), last: await sound(source.size - footerSize) }
}

async function compareFooters(file: ImageFile, findings: FindingList): Promise<void> {
  const { copy, last } = await readFooters(file)
  if (last === null) return
  const advice = 'The footer at the end counts: write its copy again with varve check --repair --backup.'
  const fault = { remedy: advice, offset: 0 }
  if (copy === null) {
    const message = 'The copy of the footer at the start is missing or damaged.'
    findings.add('corruption', { ...fault, id: 'vhd-footer-copy-damaged', message })
  } else if (copy.some((byte, index) => byte !== last[index])) {
    const message = 'The footer and its copy at the start differ.'
    findings.add('corruption', { ...fault, id: 'vhd-footers-differ', message })
  }
}
