import { readRange, sliceSource } from '../binary/byte-source.ts'
import { formatBytes } from '../units/format-bytes.ts'
import { DiskError } from '../problems/disk-error.ts'
import type { Problem } from '../problems/problem.ts'
import {
  detectFormat,
  headLength,
  promisedFormat,
  readFileEnds,
  recogniseFormat,
} from '../image/detect-format.ts'
import { nameOf } from '../image/folder-of.ts'
import type { FileEnds } from '../image/format-driver.ts'
import type { FormatName } from '../image/format-rules.ts'
import type { ImageFile, ImagePorts } from '../image/image-files.ts'
import { innerName, packingRules, recognisePacking, type PackingName } from '../image/packing.ts'
import { descriptorName } from '../formats/parallels/descriptor-name.ts'
import { promiseOfPlace } from './promise-of-place.ts'
import { isZipOfOne } from '../image/zip.ts'
import { findTrailer } from '../formats/udif/find-trailer.ts'

/** What a file is taken for when nobody said its format. */
export interface IdentifiedFile {
  readonly format: FormatName
  /** The file to read: what a packed one unpacks to, or a slice of it. */
  readonly file: ImageFile
  readonly problems: readonly Problem[]
  /** Packed, and not unpacked here: nothing can be read of it. */
  readonly isSealed: boolean
}

/** What is known before the file is looked at. */
export interface IdentifyOptions {
  /** The format, when somebody said it: of what a packed file holds, except that `raw` means the file as it is. */
  readonly said: FormatName | null
  readonly signal?: AbortSignal | undefined
}

/**
 * What a file is: by its bytes, unpacked first when they are packed; else by what its name, its folder and its neighbours
 * promise, so that a damaged image is refused; else raw. Takes the file over: it is closed when anything fails.
 */
export async function identifyFile(
  file: ImageFile,
  ports: ImagePorts,
  options: IdentifyOptions,
): Promise<IdentifiedFile> {
  await using guard = new AsyncDisposableStack()
  guard.use(file)
  const identified = await identify(file, ports, options)
  guard.move()
  return identified
}

async function identify(
  file: ImageFile,
  ports: ImagePorts,
  options: IdentifyOptions,
): Promise<IdentifiedFile> {
  const { said } = options
  const asItIs = (format: FormatName): IdentifiedFile => ({ format, file, problems: [], isSealed: false })
  if (said === 'raw' && isDescriptor(file) && (await promiseOfPlace(file, ports)) !== null)
    throw new DiskError('refused', {
      file: file.path,
      reason: 'it describes an image bundle and is no raw disk',
      remedy: 'Name the bundle, and leave -f raw out.',
    })
  if (said === 'raw' || (said !== null && file.source.size === 0)) return asItIs(said)
  if (file.source.size === 0) {
    const promised = await promiseOfPlace(file, ports)
    if (promised) return asItIs(promised)
  }
  const ends = await readFileEnds(file.source)
  const recognised = recogniseFormat(ends)
  const packing = recognised === null ? recognisePacking(ends.head) : null
  if (packing !== null && (packing !== 'zip' || (await isZipOfOne(file.source))))
    return await identifyPacked(file, { ...options, packing, ports })
  const format =
    said ?? recognised ?? (await promiseOfPlace(file, ports)) ?? (await formatOf(file, ends, file.path))
  return asItIs(format)
}

const descriptorNames: ReadonlySet<string> = new Set([
  'info.plist',
  'info.bckup',
  'config.plist',
  'config.pvs',
  descriptorName.toLowerCase(),
])

/** Whether the name is one of those that describe a bundle. */
function isDescriptor({ path }: ImageFile): boolean {
  return descriptorNames.has(nameOf(path).toLowerCase())
}

/** A DMG may have bytes behind its trailer, which only its name tells to look for. */
async function formatOf({ source }: ImageFile, ends: FileEnds, name: string): Promise<FormatName> {
  const format = detectFormat(ends, name)
  const isPadded = format === 'raw' && /\.dmg$/iu.test(name) && (await findTrailer(source)) !== null
  return isPadded ? 'udif' : format
}

interface PackedContext extends IdentifyOptions {
  readonly packing: PackingName
  readonly ports: ImagePorts
}

async function identifyPacked(
  file: ImageFile,
  { packing, ports, said, signal }: PackedContext,
): Promise<IdentifiedFile> {
  const { label } = packingRules[packing]
  const inside = innerName(file.path, packing)
  if (!ports.unpack) {
    const format = said ?? promisedFormat(inside) ?? 'raw'
    return { format, file, problems: [notUnpacked(file, label)], isSealed: true }
  }
  const options = signal ? { signal } : {}
  const unpacked = await ports.unpack({ file, source: file.source, packing }, options)
  await using guard = new AsyncDisposableStack()
  guard.use(unpacked)
  if (unpacked.source.size === 0)
    throw new DiskError('not-an-image', {
      file: file.path,
      reason: `it is ${label}, and what it unpacks to is empty`,
    })
  const image = (await onlyFileOfTar(unpacked)) ?? unpacked
  const ends = await readFileEnds(image.source)
  const again = recogniseFormat(ends) === null ? recognisePacking(ends.head) : null
  if (again) {
    const reason = `it is ${label}, and what it unpacks to is packed again (${packingRules[again].label})`
    throw new DiskError('refused', {
      file: file.path,
      reason,
      remedy: 'Unpack it once, then name what comes out.',
    })
  }
  const format = said ?? recogniseFormat(ends) ?? (await formatOf(image, ends, inside))
  guard.move()
  return {
    format,
    file: { ...image, [Symbol.asyncDispose]: closing(unpacked, file) },
    problems: [wasUnpacked(file, { label, size: unpacked.source.size })],
    isSealed: false,
  }
}

function closing(...files: readonly ImageFile[]): () => Promise<void> {
  return async () => {
    for (const file of files) await file[Symbol.asyncDispose]()
  }
}

function wasUnpacked({ path, source }: ImageFile, { label, size }: { label: string; size: number }): Problem {
  return {
    id: 'packed-image',
    severity: 'info',
    layer: 'L1',
    file: path,
    message: `The file is packed by ${label}: ${formatBytes(source.size)} that unpack to ${formatBytes(size)}, which were unpacked into a temporary file to be read.`,
    remedy: 'Unpack it for good when you read it often: nothing can be written to it as it is.',
  }
}

function notUnpacked({ path, source }: ImageFile, label: string): Problem {
  return {
    id: 'packed-image',
    severity: 'info',
    layer: 'L1',
    file: path,
    message: `The file is packed by ${label} (${formatBytes(source.size)}): what it holds is seen when it is unpacked for a job.`,
    remedy: 'Unpack it for good to see its disk in the inventory.',
  }
}

const tarBlock = 512

/** The disk in a tar of one file (as Google Cloud exports it, `disk.raw`): a part of the archive; null for anything else. */
async function onlyFileOfTar(file: ImageFile): Promise<ImageFile | null> {
  const { source } = file
  if (source.size < 3 * tarBlock) return null
  const head = await readRange(
    source,
    { start: 0, end: Math.min(headLength, source.size) },
    'start of the file',
  )
  if (
    String.fromCharCode(...head.subarray(257, 262)) !== 'ustar' ||
    recogniseFormat(await readFileEnds(source)) !== null
  )
    return null
  const { readTarMembers } = await import('../formats/ova/tar.ts')
  const [member, ...others] = await readTarMembers(source)
  if (!member || others.length > 0 || /\.ovf$/iu.test(nameOf(member.name))) return null
  const range = { start: member.start, end: member.start + member.size }
  return { ...file, source: sliceSource(source, range, `${source.name}:${member.name}`) }
}
