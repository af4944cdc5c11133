import { readRange, type ByteSource } from '../binary/byte-source.ts'
import { toHex } from '../binary/hex.ts'
import { DiskError } from '../problems/disk-error.ts'
import type { FileEnds } from './format-driver.ts'
import { formatNames, formatRules, type FormatName, type FormatRules, type Magic } from './format-rules.ts'

/** Bytes looked at from each end of a file. */
export const headLength = 4096
export const tailLength = 1024

/** Reads both ends of a file; throws `not-an-image` for an empty one. */
export async function readFileEnds(source: ByteSource): Promise<FileEnds> {
  const { size } = source
  if (size === 0) throw new DiskError('not-an-image', { file: source.name, reason: 'it is empty' })
  const head = await readRange(source, { start: 0, end: Math.min(size, headLength) }, 'start of the file')
  const tailStart = Math.max(0, size - tailLength)
  const tail =
    tailStart < head.length && size <= head.length
      ? head.subarray(tailStart)
      : await readRange(source, { start: tailStart, end: size }, 'end of the file')
  return { head, tail, size }
}

/**
 * The format that the bytes at both ends tell, or null when they tell none.
 * A guest's disk may hold any of these bytes in its own data, so this is for files whose format nobody said.
 */
export function recogniseFormat(ends: FileEnds): FormatName | null {
  return probes.find(({ matches }) => matches(ends))?.format ?? null
}

/** Whether the bytes at both ends are those of `format`. */
export function isRecognisedAs(format: FormatName, ends: FileEnds): boolean {
  return recogniseFormat(ends) === format
}

/**
 * The format of a file that nobody said: what its bytes tell; else what its name promises, when that format always has a
 * header (so that a damaged image is refused and never read as raw); else raw.
 */
export function detectFormat(ends: FileEnds, name: string): FormatName {
  return recogniseFormat(ends) ?? promisedFormat(name) ?? 'raw'
}

/** The format whose header a file of this name must have, or null when such a file may be raw. */
export function promisedFormat(name: string): FormatName | null {
  const lower = name.toLowerCase()
  if (rawPartName.test(lower)) return null
  const promises = (format: FormatName) => rulesOf(format).promises.some((ending) => lower.endsWith(ending))
  return formatNames.find(promises) ?? null
}

/** Whether a file of this name is meant to be raw. */
export function namedAsRaw(name: string): boolean {
  const lower = name.toLowerCase()
  return formatRules.raw.extensions.some((ending) => lower.endsWith(ending))
}

/** Parts of split and flat VMDKs that hold the guest's bytes as they are. */
const rawPartName = /-(?:flat|f\d+|rdm|rdmp|pt)\.vmdk$/u

interface Probe {
  readonly format: FormatName
  readonly matches: (ends: FileEnds) => boolean
}

/** In the order in which to ask: more bytes before fewer, heads before tails, except the end of a fixed VHD. */
const probes: readonly Probe[] = [
  ...magicProbes('qcow'),
  ...magicProbes('qcow2'),
  ...magicProbes('vhdx'),
  ...magicProbes('vmdk'),
  { format: 'vmdk', matches: ({ head }) => looksLikeVmdkDescriptor(head) },
  ...magicProbes('parallels'),
  { format: 'parallels', matches: ({ head }) => looksLikeParallelsDescriptor(head) },
  { format: 'sparsebundle', matches: ({ head }) => looksLikeSparsebundle(head) },
  ...magicProbes('vdi'),
  ...magicProbes('sparseimage'),
  ...magicProbes('asif'),
  ...magicProbes('qed'),
  ...magicProbes('cloop'),
  ...magicProbes('bochs'),
  ...magicProbes('ewf'),
  { format: 'ova', matches: ({ head }) => looksLikeOva(head) || looksLikeOvf(head) },
  { format: 'utm', matches: ({ head }) => looksLikeUtmConfig(head) },
  { format: 'pvm', matches: ({ head }) => looksLikePvmConfig(head) },
  ...magicProbes('vhd'),
  ...magicProbes('udif'),
]

function magicProbes(format: FormatName): Probe[] {
  return rulesOf(format).magics.map((magic) => ({ format, matches: (ends) => hasMagic(ends, magic) }))
}

function hasMagic({ head, tail, size }: FileEnds, { from, at, bytes }: Magic): boolean {
  const length = bytes.length / 2
  if (from === 'head') return at + length <= head.length && toHex(head.subarray(at, at + length)) === bytes
  const start = tail.length - at
  return at <= size && start >= 0 && toHex(tail.subarray(start, start + length)) === bytes
}

const descriptorTitle = /^\s*#\s*disk\s+descriptorfile/iu
const descriptorVersion = /^version\s*=\s*\d+\s*$/iu

/** `#`, `V`, `v`, white space, and the first byte of a byte order mark. */
const textStarts: ReadonlySet<number> = new Set([0x23, 0x56, 0x76, 0x09, 0x0a, 0x0d, 0x20, 0xef])

/** A text descriptor: its title, or nothing but comments and blank lines before `version=`. */
export function looksLikeVmdkDescriptor(head: Uint8Array): boolean {
  if (!textStarts.has(head[0] ?? 0)) return false
  const text = latin1(head).replace(/^\u00ef\u00bb\u00bf/u, '')
  if (descriptorTitle.test(text)) return true
  for (const line of text.split(/\r?\n/u)) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    return descriptorVersion.test(trimmed)
  }
  return false
}

/** The `DiskDescriptor.xml` of a Parallels bundle. */
function looksLikeParallelsDescriptor(head: Uint8Array): boolean {
  return startsLikeXml(head) && latin1(head).includes('<Parallels_disk_image')
}

/** The `config.plist` of a UTM machine, in XML: its version comes with its backend or, before 4, with its drives. */
function looksLikeUtmConfig(head: Uint8Array): boolean {
  if (!startsLikeXml(head)) return false
  const text = latin1(head)
  return (
    text.includes('<key>ConfigurationVersion</key>') && /<key>(?:Backend|Drives?|System)<\/key>/u.test(text)
  )
}

/** The `config.pvs` of a Parallels machine. */
function looksLikePvmConfig(head: Uint8Array): boolean {
  return startsLikeXml(head) && latin1(head).includes('<ParallelsVirtualMachine')
}

/** The `Info.plist` of a sparse bundle. */
function looksLikeSparsebundle(head: Uint8Array): boolean {
  return startsLikeXml(head) && latin1(head).includes('<string>com.apple.diskimage.sparsebundle</string>')
}

/** One `<`, perhaps behind a byte order mark; a VDI starts with three. */
function startsLikeXml(head: Uint8Array): boolean {
  const start = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
  return head[start] === 0x3c && head[start + 1] !== 0x3c
}

/** An OVF description by its root element, whichever prefix its namespace has. */
export function looksLikeOvf(head: Uint8Array): boolean {
  return startsLikeXml(head) && /<(?:[\w.-]+:)?Envelope[\s>][^>]*\/ovf\/envelope/u.test(latin1(head))
}

/** Endings of what an exported machine begins with: the description, or what was packed in another order. */
const packageEndings = ['.ovf', '.mf', '.cert', '.vmdk', '.vhd', '.vhdx', '.vdi', '.qcow2']
const tarBlock = 512

/**
 * A tar whose first file is one of an exported machine. What stands before it is passed over as far as the head goes:
 * folders, extended headers, what macOS adds beside each file.
 */
function looksLikeOva(head: Uint8Array): boolean {
  for (let at = 0; at + tarBlock <= head.length;) {
    const header = head.subarray(at, at + tarBlock)
    if (latin1(header.subarray(257, 262)) !== 'ustar') return false
    const name = (latin1(header.subarray(0, 100)).split('\0')[0] ?? '').toLowerCase()
    const type = String.fromCharCode(header[156] ?? 0)
    const own = name.split('/').at(-1) ?? ''
    const isFile = '0\u00007S'.includes(type) && !own.startsWith('._')
    if (isFile) return packageEndings.some((ending) => name.endsWith(ending))
    const size = Number.parseInt(latin1(header.subarray(124, 136)).replaceAll(/[^0-7]/gu, ''), 8)
    if (!Number.isSafeInteger(size)) return false
    at += tarBlock + Math.ceil(size / tarBlock) * tarBlock
  }
  return false
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function rulesOf(format: FormatName): FormatRules {
  return formatRules[format]
}
