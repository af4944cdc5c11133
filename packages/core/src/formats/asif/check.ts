import { checkBlocks, type BlockPlaces } from '../block-map/check-blocks.ts'
import type { CheckOptions, CheckReport } from '../../image/check-report.ts'
import { guardedCheck } from '../../image/guarded-check.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { asifHeader } from './header.ts'
import { readAsifMetadata, type AsifMetadata } from './metadata.ts'
import { entryOf, readPlaces } from './reader.ts'

/**
 * Where the chunks of all tables lie: outside the file, on the header or a table, on each other. What nothing uses is not
 * told: chunks hold bitmaps and metadata whose layout is not public.
 */
export async function checkAsif(
  file: ImageFile,
  _ports: ImagePorts,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const { source, path } = file
  return await guardedCheck({ file: path, format: 'asif' }, async (findings) => {
    const metadata = await readAsifMetadata(file)
    const { chunkSize, virtualSize, tables } = metadata
    const tablesAt = [...tables].filter((start) => start > 0)
    const totals = await checkBlocks(
      {
        file: path,
        fileSize: source.size,
        findings,
        prefix: 'asif',
        noun: 'chunk',
        blockLength: chunkSize,
        unit: chunkSize,
        blockCount: Math.ceil(virtualSize / chunkSize),
        lengthOf: (index) => Math.min(chunkSize, virtualSize - index * chunkSize),
        reserved: [
          { start: 0, end: asifHeader.size, name: 'header' },
          ...tablesAt.map((start) => ({ start, end: start + chunkSize, name: 'table' })),
        ],
        unused: null,
        // Chunks of bitmaps and metadata are named elsewhere.
        source: null,
        remedy: 'Compare the disk with another copy, or restore it from a backup.',
      },
      placesOf(file, metadata),
      options,
    )
    return {
      checked: ['header', 'directory', 'tables'],
      allocatedBytes: totals.allocatedBlocks * chunkSize,
      leakedBytes: 0,
    }
  })
}

async function* placesOf(file: ImageFile, metadata: AsifMetadata): AsyncGenerator<BlockPlaces> {
  const { tables, tableLength, virtualSize, chunkSize, groupLength } = metadata
  const chunks = Math.ceil(virtualSize / chunkSize)
  for (const [page, start] of tables.entries()) {
    if (start === 0) continue
    const first = page * tableLength
    const places = await readPlaces(file, metadata, { page, count: Math.min(tableLength, chunks - first) })
    // The entries of one group follow each other: a table is told group by group.
    for (let group = 0; group < places.length; group += groupLength) {
      const entriesAt = start + entryOf(group, groupLength)
      yield {
        first: first + group,
        places: places.subarray(group, group + groupLength),
        entriesAt,
        entrySize: 8,
      }
    }
  }
}
