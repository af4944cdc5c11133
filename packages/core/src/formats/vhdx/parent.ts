import { formatGuid } from '../../binary/uuid.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { LayerIdentity, ParentReference } from '../../image/image-facts.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { damaged, locatorEntry, locatorHeader, vhdxLocatorType } from './header.ts'

const structure = 'VHDX parent locator'
/** Key-value pairs, at most; the specification names five. */
const maxPairs = 64

/**
 * How a differencing disk names its parent ([MS-VHDX] 2.6.2.6): where to look, the relative path first, then the absolute
 * ones; and the DataWriteGuid that the parent's header must have.
 */
export function readParent(locator: Uint8Array, file: ImageFile): ParentReference {
  const pairs = readPairs(locator, file.path)
  const [linkage, ...others] = ['parent_linkage', 'parent_linkage2'].flatMap((key) => {
    const value = pairs.get(key)
    return value === undefined ? [] : [identityOf(value, file.path)]
  })
  if (!linkage || !pairs.has('parent_linkage'))
    throw damaged(file.path, structure, { reason: 'it has no parent_linkage', offset: 0 })
  const relative = pairs.get('relative_path')
  const absolute = [pairs.get('absolute_win32_path'), pairs.get('volume_path')]
  const names = [relative?.replaceAll('\\', '/'), ...absolute.map((path) => path && withoutPrefix(path))]
    .filter((name) => name !== undefined)
    .filter((name) => name !== '')
  return { names: [...new Set(names)], format: 'vhdx', identity: linkage, otherIdentities: others }
}

/** Keys in lower case; of a key that is there twice the first counts. */
function readPairs(locator: Uint8Array, path: string): ReadonlyMap<string, string> {
  const { locatorType, keyValueCount } = locatorHeader.read(locator, path)
  const type = formatGuid(locatorType)
  if (type !== vhdxLocatorType) {
    const feature = `a parent locator of unknown kind {${type}}`
    throw new DiskError('unsupported-feature', { file: path, format: 'VHDX', feature })
  }
  if (keyValueCount > maxPairs) {
    throw new DiskError('limit-exceeded', {
      file: path,
      what: 'number of entries of a VHDX parent locator',
      value: keyValueCount,
      limit: maxPairs,
    })
  }
  const pairs = new Map<string, string>()
  for (let index = 0; index < keyValueCount; index += 1) {
    const at = locatorHeader.size + index * locatorEntry.size
    const { keyOffset, keyLength, valueOffset, valueLength } = locatorEntry.read(locator, path, at)
    const text = (start: number, length: number) => {
      if (start + length > locator.length)
        throw damaged(path, structure, { reason: `entry ${index} lies outside it`, offset: at })
      return utf16(locator.subarray(start, start + length))
    }
    const key = text(keyOffset, keyLength).toLowerCase()
    if (!pairs.has(key)) pairs.set(key, text(valueOffset, valueLength))
  }
  return pairs
}

function utf16(bytes: Uint8Array): string {
  return new TextDecoder('utf-16le').decode(bytes).split('\0', 1)[0] ?? ''
}

function identityOf(value: string, path: string): LayerIdentity {
  const uuid = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$/iu.exec(value.trim())?.[1]
  if (uuid !== undefined) return { kind: 'uuid', uuid: uuid.toUpperCase() }
  throw damaged(path, structure, { reason: 'its parent_linkage is not a GUID', offset: 0 })
}

/** `\\?\C:\folder\file` without what tells Windows not to interpret it. */
function withoutPrefix(path: string): string {
  return path.replace(/^\\\\\?\\(?=[a-z]:\\)/iu, '')
}
