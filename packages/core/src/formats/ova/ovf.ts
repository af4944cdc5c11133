import { DiskError } from '../../problems/disk-error.ts'
import { parseXml, type XmlElement } from '../xml.ts'

/** A disk that an OVF description names and that has a file. */
export interface OvfDisk {
  readonly diskId: string
  readonly href: string
  /** Why its file cannot be read in place, or null. */
  readonly obstacle: string | null
}

/** DMTF DSP0243 "Open Virtualization Format", clauses 7.1 (References) and 9.1 (DiskSection): the disks in order. */
export function parseOvf(bytes: Uint8Array, file: string): readonly OvfDisk[] {
  const root = parseXml(bytes, { file, structure: 'OVF description', attributes: 'keep' })
  if (localName(root.name) !== 'Envelope')
    throw new DiskError('corrupt', { file, structure: 'OVF description', reason: 'it is no Envelope' })
  const files = new Map<string, XmlElement>()
  for (const element of inside(root, 'References', 'File')) files.set(attribute(element, 'id') ?? '', element)
  return inside(root, 'DiskSection', 'Disk').flatMap((disk) => {
    const reference = files.get(attribute(disk, 'fileRef') ?? '')
    const href = reference && attribute(reference, 'href')
    if (!reference || !href) return []
    return [{ diskId: attribute(disk, 'diskId') ?? href, href, obstacle: obstacleOf(disk, reference) }]
  })
}

function obstacleOf(disk: XmlElement, file: XmlElement): string | null {
  const compression = attribute(file, 'compression') ?? 'identity'
  if (compression !== 'identity' && compression !== '') return `a disk compressed as a whole (${compression})`
  if (attribute(file, 'chunkSize')) return 'a disk that is split into chunks'
  if (attribute(disk, 'parentRef')) return 'a disk over a parent'
  return null
}

function inside(root: XmlElement, section: string, name: string): readonly XmlElement[] {
  return root.children
    .filter((child) => localName(child.name) === section)
    .flatMap(({ children }) => children.filter((child) => localName(child.name) === name))
}

function attribute({ attributes = new Map() }: XmlElement, name: string): string | null {
  for (const [key, value] of attributes) if (localName(key) === name) return value
  return null
}

/** A name without the prefix of its namespace, which every program chooses for itself. */
function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
