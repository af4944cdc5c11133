import { parseGuid } from '../../binary/uuid.ts'
import { assertPlainPath, assertSameFormat, notNameable, type ParentImage } from '../../image/parent-image.ts'
import { locatorEntry, locatorHeader, vhdxLocatorType } from './header.ts'

/** An entry of a parent locator. */
export interface Pair {
  readonly key: string
  readonly value: string
}

/** How `parent` is named; throws `refused` for one that cannot be. */
export function pairsOf(file: string, parent: ParentImage): Pair[] {
  assertSameFormat(file, 'vhdx', parent)
  const { path, relative, facts } = parent
  const { identity } = facts
  if (identity.kind !== 'uuid')
    throw notNameable(file, 'it has no DataWriteGuid', 'Write the new parent anew with varve convert.')
  assertPlainPath(file, parent)
  const windows = (text: string) => text.replaceAll('/', '\\')
  const dotted = relative === null || relative.startsWith('.') ? relative : `./${relative}`
  return [
    { key: 'parent_linkage', value: `{${identity.uuid.toLowerCase()}}` },
    ...(dotted === null ? [] : [{ key: 'relative_path', value: windows(dotted) }]),
    { key: 'absolute_win32_path', value: path.startsWith('/') ? path : windows(path) },
  ]
}

/** The item of the metadata region ([MS-VHDX] 2.6.2.6). */
export function encodeLocator(pairs: readonly Pair[]): Uint8Array {
  const texts = pairs.flatMap(({ key, value }) => [utf16le(key), utf16le(value)])
  const textAt = locatorHeader.size + pairs.length * locatorEntry.size
  const bytes = new Uint8Array(textAt + texts.reduce((sum, text) => sum + text.length, 0))
  bytes.set(locatorHeader.write({ locatorType: parseGuid(vhdxLocatorType), keyValueCount: pairs.length }))
  let at = textAt
  for (const index of pairs.keys()) {
    const [key = new Uint8Array(), value = new Uint8Array()] = texts.slice(index * 2)
    const entry = locatorEntry.write({
      keyOffset: at,
      valueOffset: at + key.length,
      keyLength: key.length,
      valueLength: value.length,
    })
    bytes.set(entry, locatorHeader.size + index * locatorEntry.size)
    bytes.set(key, at)
    bytes.set(value, at + key.length)
    at += key.length + value.length
  }
  return bytes
}

function utf16le(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < text.length; index += 1) view.setUint16(index * 2, text.charCodeAt(index), true)
  return bytes
}
