import { DiskError } from '../../problems/disk-error.ts'
import type { FormatName } from '../../image/format-rules.ts'
import { parseXml } from '../../text/xml.ts'
import type { XmlElement } from '../../text/xml-element.ts'

/** A file that a description refers to (DSP0243 clause 7.1). */
export interface OvfFile {
  readonly id: string
  readonly href: string
  /** Bytes as the description has them; null: not said, or no number. */
  readonly size: number | null
  /** `gzip`, or `identity`. */
  readonly compression: string
  /** Bytes of each chunk of a file that is split into `href.000000000` and so on; null: it is whole. */
  readonly chunkSize: number | null
}

/** A disk of a description (clause 9.1). */
export interface OvfDisk {
  /** From 1 on, in the order of the description: `disk2`. */
  readonly number: number
  readonly diskId: string
  /** Null for a disk that starts empty, and for one whose file is not among the references. */
  readonly file: OvfFile | null
  /** As written, when the description refers to a file. */
  readonly fileRef: string | null
  /** Bytes; null when it is not said as a number. */
  readonly capacity: number | null
  readonly capacityText: string
  /** The format that the description says by a URI, or null when that means none that is known. */
  readonly format: FormatName | null
  /** A disc to be put into a drive, as VirtualBox lists them among its disks. */
  readonly isDisc: boolean
}

export interface OvfEnvelope {
  readonly files: readonly OvfFile[]
  readonly disks: readonly OvfDisk[]
  /** Ids of disks and files that the virtual hardware refers to. */
  readonly hardware: readonly { readonly kind: 'disk' | 'file'; readonly id: string }[]
}

/** Files and disks of one description, at most. */
const maxEntries = 1024

/** DMTF DSP0243 "Open Virtualization Format"; throws `corrupt` for what is no description. */
export function parseOvf(bytes: Uint8Array, file: string): OvfEnvelope {
  const root = parseXml(bytes, { file, structure: 'OVF description', attributes: 'keep' })
  if (localName(root.name) !== 'Envelope')
    throw new DiskError('corrupt', { file, structure: 'OVF description', reason: 'it is no Envelope' })
  const files = limited(inside(root, 'References', 'File'), 'files of an OVF description', file).map(fileOf)
  const byId = new Map(files.map((each) => [each.id, each]))
  const disks = limited(inside(root, 'DiskSection', 'Disk'), 'disks of an OVF description', file).map(
    (element, index) => diskOf(element, index + 1, byId),
  )
  return { files, disks, hardware: [...hardwareOf(root)] }
}

function fileOf(element: XmlElement): OvfFile {
  const compression = attribute(element, 'compression') ?? ''
  return {
    id: attribute(element, 'id') ?? '',
    href: attribute(element, 'href') ?? '',
    size: wholeNumber(attribute(element, 'size')),
    compression: compression === '' ? 'identity' : compression.toLowerCase(),
    chunkSize: wholeNumber(attribute(element, 'chunkSize')),
  }
}

function diskOf(element: XmlElement, number: number, files: ReadonlyMap<string, OvfFile>): OvfDisk {
  const fileRef = attribute(element, 'fileRef') ?? ''
  const file = files.get(fileRef) ?? null
  const capacityText = attribute(element, 'capacity') ?? ''
  const unit = unitOf(attribute(element, 'capacityAllocationUnits'))
  const capacity = wholeNumber(capacityText)
  const format = attribute(element, 'format') ?? ''
  return {
    number,
    diskId: attribute(element, 'diskId') ?? `disk${number}`,
    file,
    fileRef: fileRef === '' ? null : fileRef,
    capacity: capacity === null || unit === null ? null : capacity * unit,
    capacityText: [capacityText, attribute(element, 'capacityAllocationUnits')].filter(Boolean).join(' '),
    format: formatOf(format, attribute(element, 'volume-format') ?? ''),
    isDisc: /ecma-?119|iso-?9660/iu.test(format),
  }
}

/** What a unit of allocation (DSP0004 annex C.1, and the words of OVF 0.9) means in bytes, or null. */
export function unitOf(text: string | null): number | null {
  const unit = (text ?? '').replaceAll(/\s/gu, '').toLowerCase()
  if (unit === '' || unit === 'byte' || unit === 'bytes') return 1
  const power = /^bytes?\*(2|10)\^(\d{1,2})$/u.exec(unit)
  if (power) return Number(power[1]) ** Number(power[2])
  const words: Readonly<Record<string, number>> = {
    kilobytes: 2 ** 10,
    megabytes: 2 ** 20,
    gigabytes: 2 ** 30,
    terabytes: 2 ** 40,
  }
  return words[unit] ?? null
}

const formats: readonly (readonly [RegExp, FormatName])[] = [
  [/qcow/iu, 'qcow2'],
  [/vhdx/iu, 'vhdx'],
  [/vhd|linkid=137171/iu, 'vhd'],
  [/vdi/iu, 'vdi'],
  [/vmdk/iu, 'vmdk'],
  [/wikipedia\.org\/wiki\/byte|\braw\b/iu, 'raw'],
]

/** oVirt says the format by a word besides the URI. */
function formatOf(uri: string, word: string): FormatName | null {
  if (word.toUpperCase() === 'COW') return 'qcow2'
  if (word.toUpperCase() === 'RAW') return 'raw'
  return formats.find(([pattern]) => pattern.test(uri))?.[1] ?? null
}

/** `ovf:/disk/vmdisk1` of every item of hardware, wherever it stands. */
function* hardwareOf(element: XmlElement): Generator<OvfEnvelope['hardware'][number]> {
  if (localName(element.name) === 'HostResource') {
    const [, kind, id] = /^(?:ovf:)?\/{1,2}(disk|file)\/(.+)$/u.exec(element.text.trim()) ?? []
    if (id !== undefined) yield { kind: kind === 'file' ? 'file' : 'disk', id }
  }
  for (const child of element.children) yield* hardwareOf(child)
}

function wholeNumber(text: string | null): number | null {
  if (text === null || !/^\d{1,16}$/u.test(text.trim())) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}

function limited(elements: readonly XmlElement[], what: string, file: string): readonly XmlElement[] {
  if (elements.length <= maxEntries) return elements
  throw new DiskError('limit-exceeded', { file, what, value: elements.length, limit: maxEntries })
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
