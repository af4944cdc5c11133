import { readRange } from '../../binary/byte-source.ts'
import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import { folderOf, nameOf } from '../../image/folder-of.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { maxPropertyListBytes, parsePropertyList, sizeAt, stringAt } from '../../text/property-list.ts'

const bundleType = 'com.apple.diskimage.sparsebundle'
const minBandSize = 512
const maxBandSize = 2 * 1024 ** 3
const maxBands = 2 ** 20
const structure = 'Info.plist of the sparse bundle'
const backupName = 'Info.bckup'

/** What a sparse bundle says about itself, checked. */
export interface SparsebundleMetadata {
  readonly virtualSize: number
  readonly bandSize: number
  readonly bandCount: number
  readonly backingStoreVersion: number | null
  readonly problems: readonly Problem[]
}

/**
 * Reads `Info.plist`, or `Info.bckup`, which holds the same, when that is unusable, and looks at `token`; throws the coded
 * error of `Info.plist` when neither can be read right.
 */
export async function readSparsebundleMetadata(
  file: ImageFile,
  ports: ImagePorts,
): Promise<SparsebundleMetadata> {
  await refuseEncrypted(file, ports)
  const isBackup = nameOf(file.path).toLowerCase() === backupName.toLowerCase()
  if (isBackup) {
    await using described = await openBeside(file, 'Info.plist', ports)
    if (described) return await readSparsebundleMetadata(described, ports)
  }
  try {
    const metadata = await readList(file)
    return isBackup ? { ...metadata, problems: [backupUsed(file.path, 'it is missing')] } : metadata
  } catch (error) {
    if (isBackup || !isDiskError(error) || isDiskError(error, 'input-output')) throw error
    const metadata = await readBackup(file, ports)
    if (metadata === null) throw error
    return { ...metadata, problems: [backupUsed(file.path, reasonOf(error))] }
  }
}

/** What `Info.bckup` beside `file` says, or null when there is none that is whole. */
async function readBackup(file: ImageFile, ports: ImagePorts): Promise<SparsebundleMetadata | null> {
  try {
    await using backup = await openBeside(file, backupName, ports)
    return backup && (await readList(backup))
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    return null
  }
}

/** The file of that name, in any case, beside `path`; null when there is none. */
async function openBeside(
  { path }: ImageFile,
  wanted: string,
  { files }: ImagePorts,
): Promise<ImageFile | null> {
  const names = await files.list(folderOf(path))
  const name = names.find((each) => each.toLowerCase() === wanted.toLowerCase())
  return name === undefined ? null : await files.open(files.resolve(path, name))
}

async function readList({ source, path }: ImageFile): Promise<SparsebundleMetadata> {
  if (source.size === 0) throw damaged(path, 'it is empty')
  if (source.size > maxPropertyListBytes)
    throw tooMuch(path, `size of the ${structure}`, source.size, maxPropertyListBytes)
  const bytes = await readRange(source, { start: 0, end: source.size }, structure)
  const list = parsePropertyList(bytes, { file: path, structure })
  if (stringAt(list, 'diskimage-bundle-type') !== bundleType)
    throw damaged(path, `it is not of type ${bundleType}`)
  const bandSize = sizeAt(list, 'band-size')
  const virtualSize = sizeAt(list, 'size')
  if (bandSize === null || bandSize < minBandSize || bandSize > maxBandSize || bandSize % minBandSize !== 0) {
    throw damaged(path, `band-size is not a number of sectors from ${minBandSize} bytes to 2 GiB`)
  }
  if (virtualSize === null) throw damaged(path, 'size is not a number of bytes')
  const bandCount = Math.ceil(virtualSize / bandSize)
  if (bandCount > maxBands) throw tooMuch(path, 'number of bands', bandCount, maxBands)
  return {
    virtualSize,
    bandSize,
    bandCount,
    backingStoreVersion: sizeAt(list, 'bundle-backingstore-version'),
    problems: [],
  }
}

/** Why it cannot be used, without the name of the file, which the finding has already. */
function reasonOf(error: DiskError): string {
  return 'reason' in error.details ? error.details.reason : error.message
}

function backupUsed(file: string, reason: string): Problem {
  return {
    id: 'sparsebundle-backup-used',
    severity: 'warn',
    layer: 'L2',
    file,
    message: `Info.plist of the bundle is unusable (${reason}); its copy Info.bckup is whole, and was read instead.`,
    remedy: 'Copy Info.bckup over Info.plist, so that macOS opens the bundle too.',
  }
}

/** The `token` of an encrypted bundle holds its keys; that of any other one is empty or missing. */
async function refuseEncrypted({ path }: ImageFile, { files }: ImagePorts): Promise<void> {
  try {
    await using token = await files.open(files.resolve(path, 'token'))
    if (token.source.size === 0) return
    throw new DiskError('encrypted', { file: path, format: 'sparse bundle', method: 'its token holds keys' })
  } catch (error) {
    if (!isDiskError(error, 'not-found')) throw error
  }
}

function tooMuch(file: string, what: string, value: number, limit: number): DiskError {
  return new DiskError('limit-exceeded', { file, what, value, limit })
}

function damaged(file: string, reason: string): DiskError {
  return new DiskError('corrupt', { file, structure, reason })
}
