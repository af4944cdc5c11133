import { DiskError } from '../problems/disk-error.ts'
import type { PropertyDictionary } from './property-value.ts'

/** What a property list is written from: dictionaries as records or as the maps that reading gives; `undefined` is left out. */
export type WrittenProperty =
  string | number | boolean | Uint8Array | readonly WrittenProperty[] | WrittenDictionary | PropertyDictionary
export interface WrittenDictionary {
  readonly [Key: string]: WrittenProperty | undefined
}

/** What XML 1.0 has no characters for, and lone surrogates. */
const notXml = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/**
 * A property list in XML (Apple's PropertyList-1.0.dtd), keys in the order given. Throws `refused` for text that XML cannot
 * hold, RangeError for numbers that are not finite.
 */
export function writePropertyList(root: WrittenDictionary | PropertyDictionary, file: string): Uint8Array {
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    ...linesOf(root, { file, indent: '' }),
    '</plist>',
    '',
  ]
  return new TextEncoder().encode(lines.join('\n'))
}

interface Place {
  readonly file: string
  readonly indent: string
}

function linesOf(value: WrittenProperty, place: Place): string[] {
  const { indent } = place
  if (typeof value === 'string') return [`${indent}<string>${quoted(value, place)}</string>`]
  if (typeof value === 'number') return [`${indent}${numberElement(value)}`]
  if (typeof value === 'boolean') return [`${indent}<${value}/>`]
  if (value instanceof Uint8Array) return [`${indent}<data>${base64(value)}</data>`]
  if (Array.isArray(value))
    return around(
      'array',
      place,
      (value as readonly WrittenProperty[]).flatMap((each) => linesOf(each, deeper(place))),
    )
  return around('dict', place, entryLines(value as WrittenDictionary | PropertyDictionary, deeper(place)))
}

function entryLines(dictionary: WrittenDictionary | PropertyDictionary, place: Place): string[] {
  const entries: Iterable<readonly [string, WrittenProperty | undefined]> =
    dictionary instanceof Map ? (dictionary as PropertyDictionary) : Object.entries(dictionary)
  const lines: string[] = []
  for (const [key, value] of entries) {
    if (value === undefined) continue
    lines.push(`${place.indent}<key>${quoted(key, place)}</key>`, ...linesOf(value, place))
  }
  return lines
}

function around(name: string, { indent }: Place, lines: readonly string[]): string[] {
  return lines.length === 0
    ? [`${indent}<${name}/>`]
    : [`${indent}<${name}>`, ...lines, `${indent}</${name}>`]
}

const deeper = ({ file, indent }: Place): Place => ({ file, indent: `${indent}\t` })

function numberElement(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is no number of a property list`)
  return Number.isSafeInteger(value) ? `<integer>${value}</integer>` : `<real>${value}</real>`
}

const marks: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }

function quoted(text: string, { file }: Place): string {
  if (notXml.test(text) || !text.isWellFormed())
    throw new DiskError('refused', {
      file,
      reason: `${JSON.stringify(text)} holds characters that no property list can hold`,
      remedy: 'Choose a name without control characters.',
    })
  return text.replaceAll(/[&<>\r]/gu, (mark) => marks[mark] ?? mark)
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
