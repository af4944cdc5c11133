import { assertInside, sliceSource } from '../../binary/byte-source.ts'
import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import {
  referenceOpener,
  takenProblem,
  type OpenReference,
  type TakenReference,
} from '../../image/open-reference.ts'
import { rawDisk } from '../raw/driver.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import { survivedProblem } from '../../image/rescue.ts'
import { readCowdLayout } from './cowd-header.ts'
import { concatDisks, zeroDisk, type DiskPart } from './concat-disks.ts'
import { assertSameSize, flatTypes, type VmdkExtentLine, type VmdkMetadata } from './metadata.ts'
import { openSeSparseExtent } from './se-sparse-extent.ts'
import { readSeLayout, seGrainSize } from './se-sparse-header.ts'
import { openSparseExtent } from './sparse-extent.ts'
import { readSparseLayout, sectorSize, type SparseLayout } from './sparse-header.ts'

/** Faults of parts looked at before giving up. */
const maxFaults = 16

export interface OpenExtents extends AsyncDisposable {
  /** The whole layer; null when there are faults. */
  readonly disk: DiskReader | null
  /** Every part is there and can be read when this is empty. */
  readonly faults: readonly DiskError[]
  readonly problems: readonly Problem[]
  /** Files opened besides the one that holds the descriptor. */
  readonly parts: readonly ImageFile[]
  /** The file that an extent line means by this name; undefined when it could not be opened. */
  partOf(name: string): ImageFile | undefined
  /** Of each sparse extent, in order. */
  readonly layouts: readonly SparseLayout[]
}

/** Opens every extent; faults of parts are gathered, any other error is thrown. */
export async function openExtents(
  file: ImageFile,
  metadata: VmdkMetadata,
  ports: ImagePorts,
  choices: ReadingChoices = {},
): Promise<OpenExtents> {
  await using opened = new AsyncDisposableStack()
  const faults: DiskError[] = []
  const problems: Problem[] = []
  const layouts: SparseLayout[] = []
  const pieces: DiskPart[] = []
  const parts = new Map<string, ImageFile>()
  const named = new Map<string, ImageFile>()
  const open = referenceOpener({ from: file.path, files: ports.files })

  const openPart = async (name: string): Promise<ImageFile> => {
    const known = named.get(name)
    if (known) return known
    const taken = await openNamed(name, { open, from: file.path })
    const part = opened.use(taken.file)
    const remark = takenProblem(taken, { from: file.path, isVerified: true })
    if (remark) problems.push(remark)
    if (!parts.has(part.path)) parts.set(part.path, part)
    named.set(name, part)
    return part
  }
  const openExtent = async (line: VmdkExtentLine): Promise<DiskReader> => {
    if (line.type === 'ZERO' || line.name === null) return zeroDisk(file.path, line.length)
    const part = metadata.layout === null ? await openPart(line.name) : file
    if (flatTypes.has(line.type)) return openFlat(part, line)
    if (line.type === 'SESPARSE') {
      const layout = await readSeLayout(part.source)
      assertSameSize(line.sectors, { capacity: layout.capacity, grainSize: seGrainSize }, part.path)
      return openSeSparseExtent(part.source, layout)
    }
    const readLayout = line.type === 'VMFSSPARSE' ? readCowdLayout : readSparseLayout
    const layout = metadata.layout ?? (await readLayout(part.source))
    if (metadata.layout === null) assertSameSize(line.sectors, layout, part.path)
    layouts.push(layout)
    if (layout.uncleanShutdown) problems.push(uncleanShutdown(part.path))
    const extent = await openSparseExtent(part.source, layout, ports.codecs)
    problems.push(...extent.problems)
    return extent.disk
  }

  for (const line of metadata.extents) {
    try {
      pieces.push({ disk: await openExtent(line), start: line.start, length: line.length })
    } catch (error) {
      if (!isDiskError(error)) throw error
      if (choices.rescue === true && !isDiskError(error, 'input-output')) {
        problems.push(survivedProblem(error, 'Its part of the disk reads as zeros.'))
        pieces.push({ disk: zeroDisk(file.path, line.length), start: line.start, length: line.length })
        continue
      }
      faults.push(error)
      if (faults.length === maxFaults) break
    }
  }
  const release = opened.move()
  return {
    disk: faults.length === 0 ? concatDisks(file.path, pieces) : null,
    faults,
    problems,
    parts: [...parts.values()],
    partOf: (name) => named.get(name),
    layouts,
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  }
}

async function openNamed(
  name: string,
  { open, from }: { readonly open: OpenReference; readonly from: string },
): Promise<TakenReference> {
  try {
    return await open([name])
  } catch (error) {
    if (!isDiskError(error, 'not-found')) throw error
    const { candidates } = error.details
    throw new DiskError('extent-file-missing', { file: from, extent: name, candidates }, { cause: error })
  }
}

function openFlat({ source }: ImageFile, { offset, length }: VmdkExtentLine): DiskReader {
  const start = offset * sectorSize
  assertInside(source, { start, end: start + length }, 'flat VMDK extent')
  return rawDisk(sliceSource(source, { start, end: start + length }))
}

function uncleanShutdown(file: string): Problem {
  return {
    id: 'vmdk-unclean-shutdown',
    severity: 'warn',
    layer: 'L2',
    file,
    message: 'The program that last wrote this VMDK did not close it; its last writes may be missing.',
    remedy: 'Start and shut down its machine once, or check it with the tool that made it.',
    offset: 72,
  }
}
