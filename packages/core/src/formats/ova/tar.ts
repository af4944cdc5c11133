import { readRange, sliceSource, type ByteSource } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { corrupt, numberOf, textOf } from './tar-fields.ts'
import {
  notePaxSparse,
  readGnuSparse,
  readPaxSparse,
  sparseSource,
  type PaxSparse,
  type SparseMap,
  type SparsePiece,
} from './tar-sparse.ts'

export const blockSize = 512
/** Members of one archive, at most. */
const maxMembers = 1024
/** Bytes of a long name, and of extended headers with the map of a sparse file, at most. */
const maxNameBlock = 64 * 1024
const maxExtension = 4 * 1024 * 1024
/** Sizes below this are written in octal digits, larger ones in base 256 as GNU tar does. */
const octalLimit = 8 ** 11

/** A plain file of an archive: where its bytes are. */
export interface TarMember {
  readonly name: string
  /** Of its first stored byte. */
  readonly start: number
  /** Bytes of the file, holes included. */
  readonly size: number
  /** The parts of a sparse file that are stored, one after the other from `start` on; not there: all of it is. */
  readonly pieces?: readonly SparsePiece[]
}

/** What extended headers say of the next member. */
interface Said extends PaxSparse {
  name?: string
  size?: number
}

/** The plain files of a tar (POSIX ustar and pax, GNU, sparse ones too), in order; throws `corrupt`, `truncated` and `limit-exceeded`. */
export async function readTarMembers(source: ByteSource): Promise<readonly TarMember[]> {
  const members: TarMember[] = []
  let next: Said = {}
  let headers = 0
  for (let at = 0; at + blockSize <= source.size;) {
    const header = await readRange(source, { start: at, end: at + blockSize }, 'tar header')
    if (header.every((byte) => byte === 0)) break
    assertChecksum(header, source.name, at)
    headers += 1
    if (headers > maxMembers) throw limit(source.name, 'number of members of the archive', maxMembers)
    const type = String.fromCharCode(header[156] ?? 0)
    const ownSize = numberOf(header.subarray(124, 136), { file: source.name, at: at + 124 })
    const size = next.size !== undefined && !'Lx'.includes(type) ? next.size : ownSize
    const map = type === 'S' ? await readGnuSparse(source, header, at) : null
    const start = map?.dataAt ?? at + blockSize
    const end = start + size
    if (end > source.size) throw cutShort(source, size, start)
    if (type === 'L' || type === 'x')
      next = { ...next, ...(await readExtension(source, { type, start, size })) }
    else {
      if (isFile(type))
        members.push(
          await memberOf(source, { name: next.name ?? nameOf(header), start, size }, { said: next, map }),
        )
      if (type !== 'g' && type !== 'K') next = {}
    }
    at = start + Math.ceil(size / blockSize) * blockSize
  }
  return members
}

/** Plain, contiguous and sparse files. */
function isFile(type: string): boolean {
  return '0\u00007S'.includes(type)
}

/** A member with its map, if it has one: of its own header, or of what stands before it. */
async function memberOf(
  source: ByteSource,
  member: { readonly name: string; readonly start: number; readonly size: number },
  { said, map }: { readonly said: Said; readonly map: SparseMap | null },
): Promise<TarMember> {
  const sparse = map ?? (await readPaxSparse(source, member, said))
  if (!sparse) return member
  const { realSize, pieces, dataAt } = sparse
  const stored = pieces.reduce((sum, { length }) => sum + length, 0)
  if (dataAt + stored > member.start + member.size)
    throw corrupt(source.name, 'a sparse member stores less than its map says', member.start)
  return { name: said.sparseName ?? member.name, start: dataAt, size: realSize, pieces }
}

/** The content of a member; holes of sparse ones are zeros. */
export function tarMemberSource(source: ByteSource, member: TarMember, name: string): ByteSource {
  const { start, size, pieces } = member
  return pieces
    ? sparseSource(source, { start, size, pieces, name })
    : sliceSource(source, { start, end: start + size }, name)
}

interface Extension {
  readonly type: string
  readonly start: number
  readonly size: number
}

/** What stands before a member: a GNU long name, or pax records. */
async function readExtension(source: ByteSource, { type, start, size }: Extension): Promise<Said> {
  const most = type === 'L' ? maxNameBlock : maxExtension
  if (size > most) throw limit(source.name, 'size of an extended tar header', most)
  const bytes = await readRange(source, { start, end: start + size }, 'extended tar header')
  if (type === 'L') return { name: textOf(bytes) }
  const found: Said = {}
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at)
    const length = space === -1 ? Number.NaN : Number(textOf(bytes.subarray(at, space)))
    if (!Number.isInteger(length) || length <= space + 1 - at || at + length > bytes.length)
      throw corrupt(source.name, 'an extended header cannot be understood', start + at)
    const record = textOf(bytes.subarray(space + 1, at + length - 1))
    const cut = record.indexOf('=')
    const [key, value] = [record.slice(0, cut), record.slice(cut + 1)]
    if (key === 'path') found.name = value
    if (key === 'size') {
      const size = Number(value)
      if (!/^\d{1,16}$/u.test(value) || !Number.isSafeInteger(size))
        throw corrupt(source.name, 'an extended header gives no size', start + at)
      found.size = size
    }
    notePaxSparse(found, key, value)
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

function cutShort(source: ByteSource, wanted: number, start: number): DiskError {
  const available = Math.max(0, source.size - start)
  return new DiskError('truncated', { file: source.name, structure: 'tar member', wanted, available })
}

function limit(file: string, what: string, most: number): DiskError {
  return new DiskError('limit-exceeded', { file, what, value: `more than ${most}`, limit: most })
}
