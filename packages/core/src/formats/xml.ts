import { XMLParser } from 'fast-xml-parser'
import { readRange } from '../binary/byte-source.ts'
import { DiskError } from '../problems/disk-error.ts'
import type { ImageFile } from './image-files.ts'

/** An element of an XML document: attributes are left out, no format here has any that matter. */
export interface XmlElement {
  readonly name: string
  /** The text directly inside, without white space at its ends. */
  readonly text: string
  readonly children: readonly XmlElement[]
}

export interface XmlPlace {
  readonly file: string
  /** What the document is, for messages. */
  readonly structure: string
}

/** Bytes of a document, at most. */
export const maxXmlBytes = 16 * 1024 ** 2
/** Elements inside each other, at most. */
const maxDepth = 32
/** Tags of a document, at most: each costs hundreds of bytes once it is read. */
const maxTags = 200_000

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: maxDepth,
  // Without it, numbered characters stay as they are.
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: 100_000, maxExpandedLength: maxXmlBytes },
})

/** A whole file as XML; throws as `parseXml` does. */
export async function readXml({ source, path }: ImageFile, structure: string): Promise<XmlElement> {
  assertNotTooLong(source.size, { file: path, structure })
  const bytes = await readRange(source, { start: 0, end: source.size }, structure)
  return parseXml(bytes, { file: path, structure })
}

/**
 * The root element of an XML document in UTF-8. Throws `corrupt` for what is no XML and `limit-exceeded` for what is too
 * long or too deep; documents that declare anything of their own (entities, element types) are refused.
 */
export function parseXml(bytes: Uint8Array, place: XmlPlace): XmlElement {
  assertNotTooLong(bytes.length, place)
  assertFewTags(bytes, place)
  const text = new TextDecoder().decode(bytes)
  if (/<!ENTITY|<!DOCTYPE[^>[]*\[/iu.test(text)) {
    throw notXml(place, 'it declares entities or types of its own, which no image needs')
  }
  const parsed = parseOrRefuse(text, place)
  const [root] = elementsOf(parsed, 0, place)
  if (!root) throw notXml(place, 'it holds no XML element')
  return root
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | null {
  return element.children.find((child) => child.name === name) ?? null
}

/** All children of that name. */
export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name)
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

function assertFewTags(bytes: Uint8Array, { file, structure }: XmlPlace): void {
  let tags = 0
  for (let at = bytes.indexOf(0x3c); at !== -1; at = bytes.indexOf(0x3c, at + 1)) {
    tags += 1
    if (tags <= maxTags) continue
    const what = `number of tags of the ${structure}`
    throw new DiskError('limit-exceeded', { file, what, value: `over ${maxTags}`, limit: maxTags })
  }
}

function parseOrRefuse(text: string, place: XmlPlace): unknown {
  try {
    return parser.parse(text)
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
      elements.push({ name, text: textOf(inside), children: elementsOf(inside, depth + 1, place) })
    }
  }
  return elements
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
