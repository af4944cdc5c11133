import { DiskError } from '../../problems/disk-error.ts'
import { problemFromError } from '../../problems/problem.ts'
import type { Problem } from '../../problems/problem.ts'
import type { ImageFacts } from '../image-facts.ts'
import type { ImageFile, ImagePorts } from '../image-files.ts'
import { takenProblem } from '../open-reference.ts'
import { openDataFile } from './data-file.ts'
import { autoclearFeatures, compatibleFeatures, hasFeature, incompatibleFeatures } from './feature-bits.ts'
import type { Qcow2Header } from './header.ts'
import type { HeaderExtensions } from './header-extensions.ts'
import { problemsOf, readMetadata } from './metadata.ts'

/** What a qcow2 image says about itself, damaged or not; throws only when the file cannot be read. */
export async function inspectQcow2(file: ImageFile, ports: ImagePorts): Promise<ImageFacts> {
  const metadata = await readMetadata(file)
  const { header, extensions } = metadata
  const dataFile = header ? dataFileOf(header, extensions) : null
  return {
    format: 'qcow2',
    subformat: header ? `version ${header.version}` : null,
    virtualSize: header?.virtualSize ?? null,
    clusterSize: header?.clusterSize ?? null,
    identity: { kind: 'none' },
    parent: metadata.parent,
    parts: dataFile === null ? [] : [dataFile],
    snapshots: metadata.snapshots,
    details: header ? detailsOf(header, extensions) : {},
    problems: [
      ...problemsOf(metadata),
      ...(dataFile === null ? [] : await dataFileProblems(file, dataFile, ports)),
    ],
  }
}

/** The name of the external data file where one is in use. */
export function dataFileOf(header: Qcow2Header, extensions: HeaderExtensions | null): string | null {
  const isUsed = hasFeature(header.incompatible, incompatibleFeatures.externalDataFile)
  return isUsed ? (extensions?.dataFile ?? null) : null
}

async function dataFileProblems(file: ImageFile, name: string, { files }: ImagePorts): Promise<Problem[]> {
  try {
    const taken = await openDataFile(files, file.path, name)
    await taken.file[Symbol.asyncDispose]()
    const remark = takenProblem(taken, { from: file.path, isVerified: false })
    return remark ? [remark] : []
  } catch (error) {
    if (error instanceof DiskError) return [problemFromError(error)]
    throw error
  }
}

function detailsOf(header: Qcow2Header, extensions: HeaderExtensions | null): ImageFacts['details'] {
  const { incompatible, compatible, autoclear } = header
  return {
    version: header.version,
    refcountBits: 2 ** header.refcountOrder,
    compressionType: ['zlib', 'zstd'][header.compressionType] ?? `type ${header.compressionType}`,
    extendedL2: hasFeature(incompatible, incompatibleFeatures.extendedL2),
    lazyRefcounts: hasFeature(compatible, compatibleFeatures.lazyRefcounts),
    dirty: hasFeature(incompatible, incompatibleFeatures.dirty),
    corrupt: hasFeature(incompatible, incompatibleFeatures.corrupt),
    backingFormat: extensions?.backingFormat ?? null,
    dataFile: dataFileOf(header, extensions),
    dataFileRaw: hasFeature(autoclear, autoclearFeatures.rawExternalData),
    bitmaps: extensions?.bitmapCount ?? 0,
  }
}
