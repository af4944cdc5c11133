import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'

export const blockSize = 512
/** Members of one archive, at most. */
const maxMembers = 1024
/** Bytes of a long name or of extended headers, at most. */
const maxNameBlock = 64 * 1024
/** Sizes below this are written in octal digits, larger ones in base 256 as GNU tar does. */
const octalLimit = 8 ** 11

/** A plain file of an archive: where its bytes are. */
export interface TarMember {
  readonly name: string
  readonly start: number
  readonly size: number
}

/** A name as others refer to it: an archive made of a folder says `./disk.vmdk`. */
export function plainName(name: string): string {
  return name.replace(/^(?:\.\/+)+/u, '')
}

/** The plain files of a tar (POSIX ustar and pax, GNU), in order; throws `corrupt`, `truncated` and `limit-exceeded`. */
export async function readTarMembers(source: ByteSource): Promise<readonly TarMember[]> {
  const members: TarMember[] = []
  let next: { name?: string; size?: number } = {}
  let headers = 0
  for (let at = 0; at + blockSize <= source.size;) {
    const header = await readRange(source, { start: at, end: at + blockSize }, 'tar header')
    if (header.every((byte) => byte === 0)) break
    assertChecksum(header, source.name, at)
    headers += 1
    if (headers > maxMembers) throw limit(source.name, 'number of members of the archive', maxMembers)
    const type = String.fromCharCode(header[156] ?? 0)
    const ownSize = sizeOf(header, { file: source.name, at })
    const size = next.size !== undefined && !'Lx'.includes(type) ? next.size : ownSize
    const start = at + blockSize
    const end = start + size
    if (end > source.size) {
      const available = source.size - start
      throw new DiskError('truncated', {
        file: source.name,
        structure: 'tar member',
        wanted: size,
        available,
      })
    }
    if (type === 'L' || type === 'x')
      next = { ...next, ...(await readExtension(source, { type, start, size })) }
    else {
      if (type === '0' || type === '\0') members.push({ name: next.name ?? nameOf(header), start, size })
      if (type !== 'g' && type !== 'K') next = {}
    }
    at = start + Math.ceil(size / blockSize) * blockSize
  }
  return members
}

interface Extension {
  readonly type: string
  readonly start: number
  readonly size: number
}

/** What stands before a member: a GNU long name, or the pax records `path` and `size`. */
async function readExtension(source: ByteSource, { type, start, size }: Extension) {
  if (size > maxNameBlock) throw limit(source.name, 'size of an extended tar header', maxNameBlock)
  const bytes = await readRange(source, { start, end: start + size }, 'extended tar header')
  if (type === 'L') return { name: textOf(bytes) }
  const found: { name?: string; size?: number } = {}
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at)
    const length = space === -1 ? Number.NaN : Number(textOf(bytes.subarray(at, space)))
    if (!Number.isInteger(length) || length <= space + 1 - at || at + length > bytes.length)
      throw corrupt(source.name, 'an extended header cannot be understood', start + at)
    const record = textOf(bytes.subarray(space + 1, at + length - 1))
    if (record.startsWith('path=')) found.name = record.slice(5)
    if (record.startsWith('size=')) {
      const value = Number(record.slice(5))
      if (!/^size=\d{1,16}$/u.test(record) || !Number.isSafeInteger(value))
        throw corrupt(source.name, 'an extended header gives no size', start + at)
      found.size = value
    }
    at += length
  }
  return found
}

function nameOf(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100))
  const isPosix = header[262] === 0
  const prefix = isPosix ? textOf(header.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function sizeOf(header: Uint8Array, { file, at }: { file: string; at: number }): number {
  const field = header.subarray(124, 136)
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let size = (field[0] ?? 0) & 0x7f
    for (const byte of field.subarray(1)) size = size * 256 + byte
    if (Number.isSafeInteger(size)) return size
    throw corrupt(file, 'a member is larger than any file', at + 124)
  }
  const digits = textOf(field).trim()
  if (/^[0-7]{0,12}$/u.test(digits)) return Number.parseInt(digits === '' ? '0' : digits, 8)
  throw corrupt(file, 'the size of a member is no octal number', at + 124)
}

function assertChecksum(header: Uint8Array, file: string, at: number): void {
  const digits = textOf(header.subarray(148, 156)).trim()
  if (/^[0-7]{1,8}$/u.test(digits) && Number.parseInt(digits, 8) === checksumOf(header)) return
  throw corrupt(file, 'the checksum of a tar header is wrong', at)
}

/** The sum of all bytes, with blanks where the checksum itself stands. */
function checksumOf(header: Uint8Array): number {
  let sum = 8 * 0x20
  for (const [index, byte] of header.entries()) if (index < 148 || index >= 156) sum += byte
  return sum
}

/** The ustar header of a plain file; the same name and size give the same bytes. `name`: at most 100 bytes of ASCII. */
export function tarHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(blockSize)
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at)
  if (name.length > 100) throw new RangeError(`a name of ${name.length} characters`)
  put(0, name)
  put(100, '0000644\0')
  put(108, '0000000\0')
  put(116, '0000000\0')
  if (size < octalLimit) put(124, `${size.toString(8).padStart(11, '0')}\0`)
  else {
    const view = new DataView(header.buffer)
    view.setUint32(124, 0x8000_0000)
    view.setBigUint64(128, BigInt(size))
  }
  put(136, '00000000000\0')
  put(156, '0')
  put(257, 'ustar\u000000')
  put(148, `${checksumOf(header).toString(8).padStart(6, '0')}\0 `)
  return header
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end))
}

function corrupt(file: string, reason: string, offset: number): DiskError {
  return new DiskError('corrupt', { file, structure: 'tar archive', reason, offset })
}

function limit(file: string, what: string, most: number): DiskError {
  return new DiskError('limit-exceeded', { file, what, value: `more than ${most}`, limit: most })
}
