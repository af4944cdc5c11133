import { readRange } from '../../binary/byte-source.ts'
import { formatUuid } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { ParentReference } from '../../image/image-facts.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { locatorEntry, timeMark, type DynamicHeader } from './header.ts'

const locatorCount = 8
/** Bytes of a path in a locator, at most: Windows paths have up to 32,767 characters. */
const maxLocator = 65_536

/**
 * How a differencing disk names its parent: by UUID, and where to look: the relative locator `W2ru` first, here with
 * `/`, then the absolute locator `W2ku`, then the name in the header.
 */
export async function readParent(file: ImageFile, header: DynamicHeader): Promise<ParentReference> {
  const relative: string[] = []
  const absolute: string[] = []
  for (let index = 0; index < locatorCount; index += 1) {
    const entry = locatorEntry.read(header.locators, file.path, index * locatorEntry.size)
    if (entry.platformCode === 'W2ru') relative.push(await readLocator(file, entry))
    if (entry.platformCode === 'W2ku') absolute.push(await readLocator(file, entry))
  }
  const parentName = utf16(header.parentUnicodeName, { littleEndian: false })
  const names = [...relative.map((name) => name.replaceAll('\\', '/')), ...absolute, parentName]
  return {
    names: [...new Set(names)].filter((name) => name !== ''),
    format: 'vhd',
    identity: { kind: 'uuid', uuid: formatUuid(header.parentUniqueId) },
    content: timeMark(header.parentTimeStamp),
  }
}

interface Locator {
  readonly platformDataLength: number
  readonly platformDataOffset: number
}

async function readLocator(
  { source, path }: ImageFile,
  { platformDataLength, platformDataOffset }: Locator,
): Promise<string> {
  if (platformDataLength > maxLocator) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'length of a VHD parent locator',
      value: platformDataLength,
      limit: maxLocator,
    })
  }
  const range = { start: platformDataOffset, end: platformDataOffset + platformDataLength }
  // The specification says big-endian like the rest of the file; Windows writes little-endian.
  return utf16(await readRange(source, range, 'VHD parent locator'), { littleEndian: true })
}

function utf16(bytes: Uint8Array, { littleEndian }: { littleEndian: boolean }): string {
  const text = new TextDecoder(littleEndian ? 'utf-16le' : 'utf-16be').decode(bytes)
  return text.split('\0', 1)[0] ?? ''
}
