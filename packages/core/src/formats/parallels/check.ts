import { readRange } from '../../binary/byte-source.ts'
import { checkBlocks, noPlace, type BlockPlaces } from '../block-map/check-blocks.ts'
import type { CheckOptions, CheckReport, FindingList } from '../../image/check-report.ts'
import { guardedCheck } from '../../image/guarded-check.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { findBundleDisk } from './find-bundle.ts'
import { hdsHeader, sectorSize } from './header.ts'
import { readHdsMetadata, type HdsMetadata } from './metadata.ts'

const pageLength = 65_536
const remedy = 'Compare the disk with another copy, or restore it from a backup.'

/** Where the clusters of a `.hds` lie. A bundle is checked by its descriptor only: its images are named to be checked each. */
export async function checkParallels(
  file: ImageFile,
  ports: ImagePorts,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const { source, path } = file
  return await guardedCheck({ file: path, format: 'parallels' }, async (findings) => {
    const bundle = await findBundleDisk(file, ports)
    if (bundle && bundle.path === path) {
      for (const problem of bundle.descriptor.problems) findings.adopt('remark', problem)
      const images = bundle.descriptor.storages.flatMap((storage) =>
        storage.images.map((image) => image.file),
      )
      nameImages(findings, images)
      return { checked: ['descriptor'], allocatedBytes: null, leakedBytes: 0 }
    }
    const metadata = await readHdsMetadata(file)
    for (const problem of metadata.problems) findings.adopt('remark', problem)
    const { virtualSize, clusterSize, header, entryUnit } = metadata
    const totals = await checkBlocks(
      {
        file: path,
        fileSize: source.size,
        findings,
        prefix: 'parallels',
        noun: 'cluster',
        blockLength: clusterSize,
        unit: entryUnit,
        blockCount: header.batEntries,
        lengthOf: (index) => Math.min(clusterSize, Math.max(0, virtualSize - index * clusterSize)),
        reserved: [
          { start: 0, end: hdsHeader.size + header.batEntries * 4, name: 'header and BAT' },
          ...(header.extensionOffset === 0
            ? []
            : [
                {
                  start: header.extensionOffset * sectorSize,
                  end: header.extensionOffset * sectorSize + clusterSize,
                  name: 'format extension',
                },
              ]),
        ],
        unused: 'leak',
        source,
        remedy,
      },
      hdsPages(file, metadata),
      options,
    )
    return {
      checked: ['BAT'],
      allocatedBytes: totals.allocatedBlocks * clusterSize,
      leakedBytes: totals.leakedBytes,
    }
  })
}

function nameImages(findings: FindingList, images: readonly string[]): void {
  findings.add('remark', {
    id: 'parallels-bundle',
    message: `A bundle of ${images.length} images: only its descriptor was checked.`,
    remedy: 'Check each image of the bundle by its own name.',
  })
}

async function* hdsPages(
  { source }: ImageFile,
  { header, entryUnit }: HdsMetadata,
): AsyncGenerator<BlockPlaces> {
  const { batEntries } = header
  for (let first = 0; first < batEntries; first += pageLength) {
    const count = Math.min(pageLength, batEntries - first)
    const entriesAt = hdsHeader.size + first * 4
    const range = { start: entriesAt, end: entriesAt + count * 4 }
    const view = new DataView((await readRange(source, range, 'Parallels BAT')).buffer)
    const places = new Float64Array(count)
    for (let index = 0; index < count; index += 1) {
      const entry = view.getUint32(index * 4, true)
      places[index] = entry === 0 ? noPlace : entry * entryUnit
    }
    yield { first, places, entriesAt, entrySize: 4 }
  }
}
