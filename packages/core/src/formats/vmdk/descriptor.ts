import { DiskError } from '../../problems/disk-error.ts'
import { decodeDescriptor } from './descriptor-text.ts'

/** Bytes of a descriptor, at most. */
export const maxDescriptorSize = 1024 * 1024
/** Extents of one disk, at most. */
export const maxExtents = 4096

/** One line of the extent description. */
export interface ExtentLine {
  readonly access: 'RW' | 'RDONLY' | 'NOACCESS'
  readonly sectors: number
  /** In upper case: `SPARSE`, `FLAT`, `ZERO`, `VMFS`, … */
  readonly type: string
  /** File name as written; null for `ZERO`. */
  readonly name: string | null
  /** Sector of the file at which a flat extent starts. */
  readonly offset: number
}

/** The text part of a VMDK (VMware "Virtual Disk Format 5.0", chapter "The Descriptor"). */
export interface Descriptor {
  readonly version: number
  /** Eight lower-case hexadecimal digits, or null when missing. */
  readonly cid: string | null
  /** Null: no parent. */
  readonly parentCid: string | null
  readonly createType: string | null
  readonly parentFileNameHint: string | null
  readonly encoding: string | null
  /** Path of the change tracking file, or null. */
  readonly changeTrackPath: string | null
  /** What else it says is then encrypted too. */
  readonly isEncrypted: boolean
  readonly extents: readonly ExtentLine[]
  /** The disk data base: keys without `ddb.`, in lower case. */
  readonly database: ReadonlyMap<string, string>
}

const noParent = 'ffffffff'

/** The descriptor in `bytes`, up to the first NUL; throws `corrupt`, `limit-exceeded` and `unsupported-feature`. */
export function parseDescriptor(bytes: Uint8Array, file: string): Descriptor {
  if (bytes.length > maxDescriptorSize) {
    const what = 'size of the VMDK descriptor'
    throw new DiskError('limit-exceeded', { file, what, value: bytes.length, limit: maxDescriptorSize })
  }
  const keys = new Map<string, string>()
  const extents: ExtentLine[] = []
  for (const line of decodeDescriptor(bytes).split(/\r\n|\n|\r/u)) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    if (extentStart.test(trimmed)) extents.push(parseExtentLine(trimmed, file))
    else addKey(keys, trimmed)
    if (extents.length > maxExtents) {
      const what = 'number of VMDK extents'
      throw new DiskError('limit-exceeded', {
        file,
        what,
        value: `more than ${maxExtents}`,
        limit: maxExtents,
      })
    }
  }
  const isEncrypted = [...keys.keys()].some((key) => key.startsWith('encryption.'))
  const version = Number(keys.get('version') ?? Number.NaN)
  if (!Number.isInteger(version)) throw damaged(file, 'it has no version')
  if (version < 1 || version > 4) {
    throw new DiskError('unsupported-feature', {
      file,
      format: 'VMDK',
      feature: `descriptor version ${version}`,
    })
  }
  const parentCid = parseCid(keys.get('parentcid'), 'parentCID', file)
  return {
    version,
    cid: parseCid(keys.get('cid'), 'CID', file),
    parentCid: parentCid === noParent ? null : parentCid,
    createType: keys.get('createtype') ?? null,
    parentFileNameHint: keys.get('parentfilenamehint') ?? null,
    encoding: keys.get('encoding') ?? null,
    changeTrackPath: keys.get('changetrackpath') ?? null,
    isEncrypted,
    extents,
    database: new Map(
      [...keys].filter(([key]) => key.startsWith('ddb.')).map(([key, value]) => [key.slice(4), value]),
    ),
  }
}

const extentStart = /^(?:RW|RDONLY|NOACCESS)\s/iu
const extentLine =
  /^(RW|RDONLY|NOACCESS)\s+(\d{1,19})\s+([A-Z0-9]{1,32})(?:\s+"([^"]*)")?(?:\s+(\d{1,19}))?/iu

function parseExtentLine(line: string, file: string): ExtentLine {
  const match = extentLine.exec(line)
  if (!match) throw damaged(file, `an extent line cannot be understood: ${line.slice(0, 200)}`)
  const [, access = '', sectors = '', type = '', name, offset = '0'] = match
  const parsed: ExtentLine = {
    access: accessOf(access),
    sectors: sectorCount(sectors, file),
    type: type.toUpperCase(),
    name: name ?? null,
    offset: sectorCount(offset, file),
  }
  if (parsed.name === null && parsed.type !== 'ZERO')
    throw damaged(file, `an extent names no file: ${line.slice(0, 200)}`)
  return parsed
}

function accessOf(word: string): ExtentLine['access'] {
  const upper = word.toUpperCase()
  return upper === 'RW' || upper === 'RDONLY' ? upper : 'NOACCESS'
}

function sectorCount(digits: string, file: string): number {
  const sectors = Number(digits)
  const limit = Math.floor(Number.MAX_SAFE_INTEGER / 512)
  if (sectors <= limit) return sectors
  throw new DiskError('limit-exceeded', { file, what: 'sectors of a VMDK extent', value: digits, limit })
}

function addKey(keys: Map<string, string>, line: string): void {
  const equals = line.indexOf('=')
  if (equals === -1) return
  const key = line.slice(0, equals).trim().toLowerCase()
  const value = line.slice(equals + 1).trim()
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"')
  if (!keys.has(key)) keys.set(key, isQuoted ? value.slice(1, -1) : value)
}

function parseCid(text: string | undefined, key: string, file: string): string | null {
  if (text === undefined || text === '') return null
  if (!/^[0-9a-f]{1,8}$/iu.test(text))
    throw damaged(file, `${key} is not a hexadecimal number: ${text.slice(0, 40)}`)
  return text.toLowerCase().padStart(8, '0')
}

function damaged(file: string, reason: string): DiskError {
  return new DiskError('corrupt', { file, structure: 'VMDK descriptor', reason })
}
