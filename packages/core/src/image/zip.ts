import { readRange, type ByteSource } from '../binary/byte-source.ts'
import { DiskError, isDiskError } from '../problems/disk-error.ts'

/** A file in a ZIP archive: where its packed bytes are, and what they unpack to. */
export interface ZipMember {
  readonly name: string
  readonly start: number
  readonly packedSize: number
  readonly size: number
  readonly crc: number
  readonly method: 'stored' | 'deflate'
}

/** Bytes of the end of an archive with the longest remark. */
const maxEnd = 22 + 0xffff
/** Members looked at, folders too: whoever has more is no packed disk. */
const maxMembers = 64
const maxDirectory = 1024 ** 2
const signatures = {
  local: 0x0403_4b50,
  central: 0x0201_4b50,
  end: 0x0605_4b50,
  end64: 0x0606_4b50,
  locator64: 0x0706_4b50,
}

/**
 * The only file of a ZIP archive (APPNOTE 6.3.10). Throws `unsupported-feature` for archives of none or several, encrypted
 * ones and other methods than stored and deflate, `decompression-failed` for what contradicts itself.
 */
export async function onlyMember(source: ByteSource): Promise<ZipMember> {
  const directory = await readDirectory(source)
  const files = [...entriesOf(directory, source.name)].filter(
    ({ name, size }) => size > 0 || !name.endsWith('/'),
  )
  const [file, ...others] = files
  if (!file || others.length > 0) throw unsupported(source.name, `${files.length} files instead of one`)
  if ((file.flags & 1) !== 0)
    throw new DiskError('encrypted', { file: source.name, format: 'ZIP', method: 'a password' })
  const method = file.method === 0 ? 'stored' : file.method === 8 ? 'deflate' : null
  if (method === null) throw unsupported(source.name, `compression of method ${file.method}`)
  const local = await readRange(source, rangeOf(file.at, 30), 'ZIP member')
  const view = viewOf(local)
  if (view.getUint32(0, true) !== signatures.local)
    throw damaged(source.name, file.at, 'its directory leads nowhere')
  const start = file.at + 30 + view.getUint16(26, true) + view.getUint16(28, true)
  const { name, packedSize, size, crc } = file
  if (start + packedSize > source.size)
    throw new DiskError('truncated', {
      file: source.name,
      structure: 'ZIP member',
      wanted: packedSize,
      available: Math.max(0, source.size - start),
    })
  if (method === 'stored' && packedSize !== size)
    throw damaged(source.name, file.at, 'a stored file has two sizes')
  return { name, start, packedSize, size, crc, method }
}

/** Whether an archive is to be unpacked as one file; true for damaged ones, of which unpacking says what is wrong. */
export async function isZipOfOne(source: ByteSource): Promise<boolean> {
  try {
    await onlyMember(source)
    return true
  } catch (error) {
    if (!isDiskError(error)) throw error
    return error.code !== 'unsupported-feature'
  }
}

interface Directory {
  readonly bytes: Uint8Array
  readonly at: number
  readonly count: number
}

async function readDirectory(source: ByteSource): Promise<Directory> {
  const { size, name: file } = source
  const from = Math.max(0, size - maxEnd)
  const tail = await readRange(source, { start: from, end: size }, 'end of the ZIP archive')
  const view = viewOf(tail)
  let at = tail.length - 22
  while (
    at >= 0 &&
    !(view.getUint32(at, true) === signatures.end && at + 22 + view.getUint16(at + 20, true) <= tail.length)
  )
    at -= 1
  if (at < 0) throw damaged(file, size, 'it has no directory: the file is cut short')
  let count = view.getUint16(at + 10, true)
  let length = view.getUint32(at + 12, true)
  let start = view.getUint32(at + 16, true)
  if (count === 0xffff || length === 0xffff_ffff || start === 0xffff_ffff) {
    const large = await readLargeEnd(source, from + at)
    ;({ count, length, start } = large)
  }
  if (count > maxMembers || length > maxDirectory) throw unsupported(file, `${count} files instead of one`)
  if (!(start + length <= size)) throw damaged(file, from + at, 'its directory lies outside of it')
  return { bytes: await readRange(source, rangeOf(start, length), 'ZIP directory'), at: start, count }
}

async function readLargeEnd(
  source: ByteSource,
  endAt: number,
): Promise<{ count: number; length: number; start: number }> {
  const fail = () => damaged(source.name, endAt, 'its directory cannot be found')
  if (endAt < 20) throw fail()
  const locator = viewOf(await readRange(source, rangeOf(endAt - 20, 20), 'ZIP64 locator'))
  const at = Number(locator.getBigUint64(8, true))
  if (locator.getUint32(0, true) !== signatures.locator64 || !(at + 56 <= source.size)) throw fail()
  const end = viewOf(await readRange(source, rangeOf(at, 56), 'ZIP64 end'))
  if (end.getUint32(0, true) !== signatures.end64) throw fail()
  const [count, length, start] = [32, 40, 48].map((from) => Number(end.getBigUint64(from, true)))
  return { count: count ?? 0, length: length ?? 0, start: start ?? 0 }
}

interface Entry {
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly packedSize: number
  readonly size: number
  /** Where its local header stands. */
  readonly at: number
}

function* entriesOf({ bytes, at: place, count }: Directory, file: string): Generator<Entry> {
  const view = viewOf(bytes)
  let at = 0
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== signatures.central)
      throw damaged(file, place + at, 'its directory is damaged')
    const [nameLength, extraLength, remarkLength] = [28, 30, 32].map((from) =>
      view.getUint16(at + from, true),
    )
    const nameEnd = at + 46 + (nameLength ?? 0)
    const extraEnd = nameEnd + (extraLength ?? 0)
    if (extraEnd > bytes.length) throw damaged(file, place + at, 'its directory is damaged')
    const large = largeFields(bytes.subarray(nameEnd, extraEnd))
    const wide = (from: number) => {
      const value = view.getUint32(at + from, true)
      return value === 0xffff_ffff ? large.next() : value
    }
    const size = wide(24)
    const packedSize = wide(20)
    const start = wide(42)
    if (
      ![size, packedSize, start].every((value) => Number.isSafeInteger(value) && value <= 2 ** 52) ||
      start > place
    )
      throw damaged(file, place + at, 'a file of it has a size that none has')
    yield {
      name: new TextDecoder().decode(bytes.subarray(at + 46, nameEnd)),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packedSize,
      size,
      at: start,
    }
    at = extraEnd + (remarkLength ?? 0)
  }
}

/** The 64-bit values of the ZIP64 extra field, in order; NaN when there is none left. */
function largeFields(extra: Uint8Array): { next: () => number } {
  const view = viewOf(extra)
  let [at, end] = [0, 0]
  for (let place = 0; place + 4 <= extra.length;) {
    const length = view.getUint16(place + 2, true)
    if (view.getUint16(place, true) === 1) {
      at = place + 4
      end = Math.min(extra.length, at + length)
      break
    }
    place += 4 + length
  }
  return {
    next() {
      if (at + 8 > end) return Number.NaN
      at += 8
      return Number(view.getBigUint64(at - 8, true))
    },
  }
}

function rangeOf(start: number, length: number): { start: number; end: number } {
  return { start, end: start + length }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

function unsupported(file: string, feature: string): DiskError {
  return new DiskError('unsupported-feature', { file, format: 'ZIP', feature })
}

function damaged(file: string, offset: number, reason: string): DiskError {
  return new DiskError('decompression-failed', { file, offset, reason })
}
