import { readRange } from '../../binary/byte-source.ts'
import { checkBlocks, givenUp, noPlace, type BlockPlaces } from '../block-map/check-blocks.ts'
import type { CheckOptions, CheckReport } from '../../image/check-report.ts'
import { guardedCheck } from '../../image/guarded-check.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { freeEntry, zeroEntry, type VdiHeader } from './header.ts'
import { readVdiMetadata } from './metadata.ts'

const pageLength = 65_536
const remedy = 'Compare the disk with another copy, or restore it from a backup.'

/** Where the blocks lie, whether two share a place, and whether the header's count of them is right. */
export async function checkVdi(
  file: ImageFile,
  ports: ImagePorts,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const { source, path } = file
  return await guardedCheck({ file: path, format: 'vdi' }, async (findings) => {
    const { header } = await readVdiMetadata(file, ports)
    const { blockSize, blockExtra, blockCount, diskSize, offData, allocatedCount } = header
    const totals = await checkBlocks(
      {
        file: path,
        fileSize: source.size,
        findings,
        prefix: 'vdi',
        noun: 'block',
        blockLength: blockSize + blockExtra,
        unit: blockSize + blockExtra,
        base: offData,
        blockCount,
        lengthOf: (index) => blockExtra + Math.min(blockSize, Math.max(0, diskSize - index * blockSize)),
        reserved: [{ start: 0, end: offData, name: 'header and block map' }],
        unused: 'leak',
        source,
        remedy,
      },
      vdiPages(file, header),
      options,
    )
    if (totals.allocatedBlocks !== allocatedCount && findings.corruptions === 0) {
      findings.add('corruption', {
        id: 'vdi-allocated-count',
        message: `The header counts ${allocatedCount} blocks, the block map ${totals.allocatedBlocks}.`,
        remedy: 'Convert the disk to a new image before anything writes to this one.',
        offset: 388,
      })
    }
    return {
      checked: ['block map', 'number of blocks'],
      allocatedBytes: totals.allocatedBlocks * blockSize,
      leakedBytes: totals.leakedBytes,
    }
  })
}

async function* vdiPages({ source }: ImageFile, header: VdiHeader): AsyncGenerator<BlockPlaces> {
  const { offBlocks, offData, blockCount, blockSize, blockExtra } = header
  for (let first = 0; first < blockCount; first += pageLength) {
    const count = Math.min(pageLength, blockCount - first)
    const entriesAt = offBlocks + first * 4
    const range = { start: entriesAt, end: entriesAt + count * 4 }
    const view = new DataView((await readRange(source, range, 'VDI block map')).buffer)
    const places = new Float64Array(count)
    for (let index = 0; index < count; index += 1) {
      const entry = view.getUint32(index * 4, true)
      places[index] =
        entry === freeEntry
          ? noPlace
          : entry === zeroEntry
            ? givenUp
            : offData + entry * (blockSize + blockExtra)
    }
    yield { first, places, entriesAt, entrySize: 4 }
  }
}
