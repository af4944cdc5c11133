import { DiskError, isDiskError, quote } from '../../problems/disk-error.ts'
import { problemFromError } from '../../problems/problem.ts'
import type { Problem } from '../../problems/problem.ts'
import type { ImageFacts } from '../../image/image-facts.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import { takenProblem } from '../../image/open-reference.ts'
import { openDataFile } from './data-file.ts'
import { findDiskState, type DiskState } from './disk-state.ts'
import { autoclearFeatures, compatibleFeatures, hasFeature, incompatibleFeatures } from './feature-bits.ts'
import type { Qcow2Header } from './header.ts'
import type { HeaderExtensions } from './header-extensions.ts'
import { problemsOf, readMetadata } from './metadata.ts'

/** What a qcow2 image says about itself, damaged or not; throws only when the file cannot be read, or has no such snapshot. */
export async function inspectQcow2(
  file: ImageFile,
  ports: ImagePorts,
  choices: ReadingChoices = {},
): Promise<ImageFacts> {
  const metadata = await readMetadata(file)
  const { header, extensions } = metadata
  const dataFile = header ? dataFileOf(header, extensions) : null
  const { state, problems } = await stateOf(file, header, choices.snapshot)
  const snapshot = state?.snapshot ?? null
  const said = snapshot === null ? '' : `, snapshot ${quote(snapshot.name)}`
  return {
    format: 'qcow2',
    subformat: header ? `version ${header.version}${said}` : null,
    virtualSize: state?.virtualSize ?? null,
    clusterSize: header?.clusterSize ?? null,
    identity: { kind: 'none' },
    parent: metadata.parent,
    parts: dataFile === null ? [] : [dataFile],
    snapshots: metadata.snapshots,
    details: header
      ? { ...detailsOf(header, extensions), ...(snapshot === null ? {} : { snapshotRead: snapshot.name }) }
      : {},
    problems: [
      ...problems,
      ...problemsOf(metadata),
      ...(dataFile === null ? [] : await dataFileProblems(file, dataFile, ports)),
    ],
  }
}

interface StateRead {
  /** null: it cannot be found. */
  readonly state: DiskState | null
  readonly problems: readonly Problem[]
}

async function stateOf(
  file: ImageFile,
  header: Qcow2Header | null,
  asked: string | undefined,
): Promise<StateRead> {
  if (header === null) return { state: null, problems: [] }
  try {
    return { state: await findDiskState(file, header, asked), problems: [] }
  } catch (error) {
    // That there is no such snapshot is no fault of the image.
    const isOurs = isDiskError(error, 'refused') || isDiskError(error, 'input-output')
    if (!isDiskError(error) || isOurs) throw error
    return { state: null, problems: [problemFromError(error)] }
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
