import { readRange } from '../../binary/byte-source.ts'
import type { ByteSource } from '../../binary/byte-source.ts'
import { DiskError, quote } from '../../problems/disk-error.ts'
import { bitmapsExtension, encryptionExtension, extensionHead, featureNameEntry } from './header.ts'
import type { Qcow2Header } from './header.ts'

/** Extension types (qcow2.rst, "Header extensions"). */
export const extensionTypes = {
  end: 0,
  backingFormat: 0xe279_2aca,
  featureNames: 0x6803_f857,
  bitmaps: 0x2385_2875,
  encryption: 0x0537_be77,
  dataFile: 0x4441_5441,
} as const

/** Bytes of the file that an extension names. */
export interface ExtensionPlace {
  readonly offset: number
  readonly size: number
}

/** What the header extensions say; types that are not known are passed over, as the specification demands. */
export interface HeaderExtensions {
  /** The format of the backing file as written, such as `raw` or `vpc`. */
  readonly backingFormat: string | null
  readonly dataFile: string | null
  readonly bitmapCount: number
  /** Where the bitmap directory lies, where there is one. */
  readonly bitmapDirectory: ExtensionPlace | null
  /** Where the LUKS header lies, where there is one. */
  readonly encryptionHeader: ExtensionPlace | null
  readonly hasEncryptionHeader: boolean
  /** What the writer calls a feature bit. */
  featureName(type: number, bit: number): string | null
}

const firstRead = 4096
/** Bytes of the longest name of another file (qcow2.rst, "backing_file_size"). */
export const longestName = 1023

/** The extensions between the header and the backing file name; throws `corrupt`, `truncated` and `limit-exceeded`. */
export async function readHeaderExtensions(
  source: ByteSource,
  header: Qcow2Header,
  file: string,
): Promise<HeaderExtensions> {
  let backingFormat: string | null = null
  let dataFile: string | null = null
  let bitmapCount = 0
  let hasEncryptionHeader = false
  let bitmapDirectory: ExtensionPlace | null = null
  let encryptionHeader: ExtensionPlace | null = null
  const names = new Map<string, string>()
  for await (const { type, body } of eachExtension(source, header, file)) {
    if (type === extensionTypes.backingFormat)
      backingFormat = readName(body, { file, what: 'the backing format' })
    if (type === extensionTypes.dataFile) dataFile = readName(body, { file, what: 'the external data file' })
    if (type === extensionTypes.bitmaps && body.length >= 4)
      bitmapCount = new DataView(body.buffer, body.byteOffset).getUint32(0)
    if (type === extensionTypes.bitmaps && body.length >= 24) {
      const { directorySize: size, directoryOffset: offset } = bitmapsExtension.read(body, file)
      bitmapDirectory = { offset, size }
    }
    if (type === extensionTypes.encryption) hasEncryptionHeader = true
    if (type === extensionTypes.encryption && body.length >= 16) {
      const { offset, length: size } = encryptionExtension.read(body, file)
      encryptionHeader = { offset, size }
    }
    if (type === extensionTypes.featureNames) readFeatureNames(body, file, names)
  }
  const featureName = (type: number, bit: number) => names.get(`${type}/${bit}`) ?? null
  return {
    backingFormat,
    dataFile,
    bitmapCount,
    bitmapDirectory,
    encryptionHeader,
    hasEncryptionHeader,
    featureName,
  }
}

/** The backing file name as written, or null when there is none; throws for names that no file can have. */
export async function readBackingName(
  source: ByteSource,
  header: Qcow2Header,
  file: string,
): Promise<string | null> {
  const { backingFileOffset: start, backingFileSize: length, clusterSize } = header
  if (start === 0) return null
  assertNameLength(length, { file, what: 'the backing file' })
  if (start + length > clusterSize || (length > 0 && start < header.headerLength)) {
    const reason = 'the backing file name lies outside the first cluster'
    throw new DiskError('corrupt', { file, structure: 'qcow2 header', reason, offset: 8 })
  }
  if (length === 0) return null
  const body = await readRange(source, { start, end: start + length }, 'backing file name')
  return readName(body, { file, what: 'the backing file' })
}

/** Every extension in order, known or not, as it is stored; throws `corrupt` where one is cut off. */
export async function* eachExtension(
  source: ByteSource,
  header: Qcow2Header,
  file: string,
): AsyncGenerator<{ type: number; body: Uint8Array }> {
  const limit =
    header.backingFileOffset === 0
      ? header.clusterSize
      : Math.min(header.backingFileOffset, header.clusterSize)
  const end = Math.min(limit, source.size)
  let area = await readRange(source, { start: 0, end: Math.min(end, firstRead) }, 'qcow2 header extensions')
  const need = async (upTo: number) => {
    if (upTo > area.length && area.length < end)
      area = await readRange(source, { start: 0, end }, 'qcow2 header extensions')
  }
  let at = header.headerLength
  while (at + extensionHead.size <= end) {
    await need(at + extensionHead.size)
    const { type, length } = extensionHead.read(area, file, at)
    if (type === extensionTypes.end) return
    const start = at + extensionHead.size
    if (length > end - start) {
      const reason = `an extension of ${length} bytes does not fit before byte ${end}`
      throw new DiskError('corrupt', { file, structure: 'qcow2 header extensions', reason, offset: at })
    }
    await need(start + length)
    yield { type, body: area.subarray(start, start + length) }
    at = start + Math.ceil(length / 8) * 8
  }
}

function readFeatureNames(body: Uint8Array, file: string, names: Map<string, string>): void {
  const count = Math.min(Math.floor(body.length / featureNameEntry.size), 3 * 64)
  for (let i = 0; i < count; i += 1) {
    const { type, bit, name } = featureNameEntry.read(body, file, i * featureNameEntry.size)
    const end = name.indexOf(0)
    names.set(`${type}/${bit}`, new TextDecoder().decode(end === -1 ? name : name.subarray(0, end)))
  }
}

function readName(body: Uint8Array, { file, what }: { file: string; what: string }): string {
  assertNameLength(body.length, { file, what })
  try {
    const name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    if (!name.includes('\0')) return name
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  const reference = new TextDecoder().decode(body)
  throw new DiskError('reference-refused', {
    file,
    reference,
    reason: `the name of ${what} (${quote(reference)}) is not text`,
  })
}

function assertNameLength(length: number, { file, what }: { file: string; what: string }): void {
  if (length <= longestName) return
  throw new DiskError('limit-exceeded', {
    file,
    what: `bytes of the name of ${what}`,
    value: length,
    limit: longestName,
  })
}
