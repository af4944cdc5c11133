import { DiskError } from '../problems/disk-error.ts'
import { isBinaryPropertyList, parseBinaryPropertyList } from './binary-property-list.ts'
import type { PropertyDictionary, PropertyValue } from './property-value.ts'
import { decodeXml, parseXmlText, type XmlPlace } from './xml.ts'
import type { XmlElement } from './xml-element.ts'

/** Bytes of a property list, at most; what is left when its data is taken out is bounded as any XML. */
export const maxPropertyListBytes = 16 * 1024 ** 2

/** What the values of one list are read with. */
interface Reading extends XmlPlace {
  /** The contents of each `<data>`, taken out before parsing: block tables are megabytes of it. */
  readonly data: readonly string[]
}

/** A property list in XML (Apple's PropertyList-1.0.dtd) or binary, whose root is a dictionary; throws a coded error for anything else. */
export function parsePropertyList(bytes: Uint8Array, place: XmlPlace): PropertyDictionary {
  const { file, structure } = place
  if (bytes.length > maxPropertyListBytes) {
    throw new DiskError('limit-exceeded', {
      file,
      what: `size of the ${structure}`,
      value: bytes.length,
      limit: maxPropertyListBytes,
    })
  }
  if (isBinaryPropertyList(bytes)) return parseBinaryPropertyList(bytes, place)
  const data: string[] = []
  const text = decodeXml(bytes, place).replaceAll(
    /<data>([^<]*)<\/data>/gu,
    (_, content: string) => `<data>${data.push(content) - 1}</data>`,
  )
  const root = parseXmlText(text, place)
  const [first] = root.children
  if (root.name !== 'plist' || first?.name !== 'dict') {
    throw new DiskError('corrupt', { file, structure, reason: 'it is no property list with a dictionary' })
  }
  return dictionaryOf(first, { ...place, data })
}

/** The dictionary under `key`, or null. */
export function dictionaryAt(list: PropertyDictionary, key: string): PropertyDictionary | null {
  const value = list.get(key)
  return value instanceof Map ? value : null
}

/** The array under `key`, or null. */
export function arrayAt(list: PropertyDictionary, key: string): readonly PropertyValue[] | null {
  const value = list.get(key)
  return Array.isArray(value) ? (value as readonly PropertyValue[]) : null
}

/** The text under `key`, or null. */
export function stringAt(list: PropertyDictionary, key: string): string | null {
  const value = list.get(key)
  return typeof value === 'string' ? value : null
}

/** The number under `key` when it is a whole one from 0 to 2^53−1, else null. */
export function sizeAt(list: PropertyDictionary, key: string): number | null {
  const value = list.get(key)
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

function dictionaryOf({ children }: XmlElement, place: Reading): PropertyDictionary {
  const entries = new Map<string, PropertyValue>()
  for (let index = 0; index < children.length; index += 2) {
    const key = children[index]
    const value = children[index + 1]
    if (key?.name !== 'key' || !value) throw malformed(place, 'a dictionary is not made of keys and values')
    entries.set(key.text, valueOf(value, place))
  }
  return entries
}

function valueOf(element: XmlElement, place: Reading): PropertyValue {
  const { name, text, children } = element
  switch (name) {
    case 'string':
    case 'date':
      return text
    case 'integer':
    case 'real':
      return numberOf(text, place)
    case 'true':
    case 'false':
      return name === 'true'
    case 'data':
      return bytesOf(text, place)
    case 'array':
      return children.map((child) => valueOf(child, place))
    case 'dict':
      return dictionaryOf(element, place)
    default:
      throw malformed(place, 'it holds an element that no property list has')
  }
}

function numberOf(text: string, place: XmlPlace): number {
  const value = text === '' ? Number.NaN : Number(text)
  if (Number.isNaN(value)) throw malformed(place, 'a number is none')
  return value
}

function bytesOf(index: string, place: Reading): Uint8Array {
  const text = /^\d+$/u.test(index) ? place.data[Number(index)] : undefined
  if (text === undefined) throw malformed(place, 'its data is not base64')
  let decoded: string
  try {
    decoded = atob(text)
  } catch {
    throw malformed(place, 'its data is not base64')
  }
  return Uint8Array.from(decoded, (character) => character.charCodeAt(0))
}

function malformed({ file, structure }: XmlPlace, reason: string): DiskError {
  return new DiskError('corrupt', { file, structure, reason })
}
