import { XMLParser } from 'fast-xml-parser'
import { readRange, type ByteSource } from '../binary/byte-source.ts'
import { DiskError } from '../problems/disk-error.ts'
import type { XmlElement } from './xml-element.ts'

export interface XmlPlace {
  readonly file: string
  /** What the document is, for messages. */
  readonly structure: string
  readonly attributes?: 'keep'
}

/** Bytes of a document, at most: the parser takes about fifty times as much. */
export const maxXmlBytes = 2 * 1024 ** 2
/** Elements inside each other, at most. */
const maxDepth = 32
/** Tags of a document, and characters written as `&…;`, at most: each costs far more than its length. */
const maxMarks = { '<': 100_000, '&': 10_000 } as const

const parserOptions = {
  preserveOrder: true,
  parseTagValue: false,
  trimValues: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: maxDepth,
  // Without it, numbered characters stay as they are.
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: maxMarks['&'], maxExpandedLength: maxXmlBytes },
}
const parser = new XMLParser({ ...parserOptions, ignoreAttributes: true })
const attributeParser = new XMLParser({
  ...parserOptions,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: false,
})

interface XmlFile {
  readonly source: ByteSource
  readonly path: string
}

/** A whole file as XML; throws as `parseXml` does. */
export async function readXml({ source, path }: XmlFile, structure: string): Promise<XmlElement> {
  assertNotTooLong(source.size, { file: path, structure })
  const bytes = await readRange(source, { start: 0, end: source.size }, structure)
  return parseXml(bytes, { file: path, structure })
}

/**
 * The text of a document in UTF-8 or UTF-16, by its byte order mark or by the zeros around its first `<`; throws `corrupt`
 * for bytes that are no UTF-16, and for NULs: a file that lost blocks holds them.
 */
export function decodeXml(bytes: Uint8Array, place: XmlPlace): string {
  const encoding = encodingOf(bytes)
  let text: string
  try {
    text = new TextDecoder(encoding, { fatal: encoding !== 'utf-8' }).decode(bytes)
  } catch {
    throw notXml(place, `it is no ${encoding.toUpperCase()} text`)
  }
  if (text.includes('\0')) throw notXml(place, 'it holds NULs')
  return text
}

/** What the first two bytes tell (XML 1.0, appendix F). */
function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return 'utf-16le'
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return 'utf-16be'
  return 'utf-8'
}

/**
 * The root element of an XML document in UTF-8 or UTF-16. Throws `corrupt` for what is no XML and `limit-exceeded` for what is too
 * long or too deep; documents that declare anything of their own (entities, element types) are refused.
 */
export function parseXml(bytes: Uint8Array, place: XmlPlace): XmlElement {
  assertNotTooLong(bytes.length, place)
  return parseXmlText(decodeXml(bytes, place), place)
}

/** The same of a document that is decoded already. */
export function parseXmlText(text: string, place: XmlPlace): XmlElement {
  assertNotTooLong(text.length, place)
  assertFewMarks(text, place)
  if (declaresTypes(text))
    throw notXml(place, 'it declares entities or types of its own, which no image needs')
  const parsed = parseOrRefuse(text, place)
  const [root] = elementsOf(parsed, 0, place)
  if (!root) throw notXml(place, 'it holds no XML element')
  return root
}

function assertNotTooLong(length: number, { file, structure }: XmlPlace): void {
  if (length <= maxXmlBytes) return
  throw new DiskError('limit-exceeded', {
    file,
    what: `size of the ${structure}`,
    value: length,
    limit: maxXmlBytes,
  })
}

/** A document type may be named, once (Apple's property lists do), but nothing may be declared in it. */
function declaresTypes(text: string): boolean {
  const [before = '', named = '', ...more] = text.split(/<!DOCTYPE/iu, 3)
  if (more.length > 0 || /<!ENTITY/iu.test(before)) return true
  const end = named.indexOf('>')
  return /<!ENTITY/iu.test(named) || named.slice(0, end === -1 ? named.length : end).includes('[')
}

function assertFewMarks(text: string, { file, structure }: XmlPlace): void {
  for (const [mark, limit] of Object.entries(maxMarks)) {
    let found = 0
    for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + 1)) {
      found += 1
      if (found <= limit) continue
      const what = `number of ${mark} in the ${structure}`
      throw new DiskError('limit-exceeded', { file, what, value: `over ${limit}`, limit })
    }
  }
}

function parseOrRefuse(text: string, place: XmlPlace): unknown {
  try {
    return (place.attributes ? attributeParser : parser).parse(text)
  } catch (error) {
    throw notXml(place, error instanceof Error ? error.message : String(error))
  }
}

/** The parser's ordered form: a list of objects with one key each, the name, and the list of what is inside. */
function elementsOf(nodes: unknown, depth: number, place: XmlPlace): XmlElement[] {
  if (!Array.isArray(nodes)) return []
  if (depth > maxDepth) throw notXml(place, `elements lie more than ${maxDepth} deep`)
  const elements: XmlElement[] = []
  for (const node of nodes as readonly Readonly<Record<string, unknown>>[]) {
    for (const [name, inside] of Object.entries(node)) {
      if (name === '#text' || name === ':@') continue
      const attributes = place.attributes ? { attributes: attributesOf(node[':@']) } : {}
      const children = elementsOf(inside, depth + 1, place)
      elements.push({ name, text: textOf(inside), children, ...attributes })
    }
  }
  return elements
}

function attributesOf(found: unknown): ReadonlyMap<string, string> {
  const entries = typeof found === 'object' && found !== null ? Object.entries(found) : []
  return new Map(entries.map(([name, value]) => [name, String(value)]))
}

function textOf(nodes: unknown): string {
  if (!Array.isArray(nodes)) return ''
  return (nodes as readonly Readonly<Record<string, unknown>>[])
    .map((node) => node['#text'])
    .filter((text) => typeof text === 'string')
    .join('')
}

function notXml({ file, structure }: XmlPlace, reason: string): DiskError {
  return new DiskError('corrupt', { file, structure, reason })
}
