import { DiskError } from '../problems/disk-error.ts'

/** What an error about a field names: the file and the field's place in words, such as `qcow2 header, l1Size`. */
export interface FieldPlace {
  readonly file: string
  readonly what: string
}

/** A value of fixed width at a fixed place; `size` in bytes. */
export interface Field<T> {
  readonly size: number
  /** Throws `limit-exceeded` for what a number cannot hold exactly. */
  read(view: DataView, at: number, place: FieldPlace): T
  /** Throws RangeError for a value that does not fit. */
  write(view: DataView, at: number, value: T): void
}

/** One byte. */
export const u8: Field<number> = {
  size: 1,
  read: (view, at) => view.getUint8(at),
  write: (view, at, value) => view.setUint8(at, fitting(value, 0xff)),
}

export const u16be = u16({ littleEndian: false })
export const u16le = u16({ littleEndian: true })
export const u32be = u32({ littleEndian: false })
export const u32le = u32({ littleEndian: true })
/** 64 bits as a number; values above 2^53−1 are refused, never rounded. */
export const u64be = u64({ littleEndian: false })
/** 64 bits as a number; values above 2^53−1 are refused, never rounded. */
export const u64le = u64({ littleEndian: true })

/** `size` bytes as they are, copied. */
export function bytes(size: number): Field<Uint8Array> {
  return {
    size,
    read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, size).slice(),
    write: (view, at, value) => {
      if (value.length !== size) throw new RangeError(`${value.length} bytes for a field of ${size}`)
      new Uint8Array(view.buffer, view.byteOffset + at, size).set(value)
    },
  }
}

/** `size` characters of one byte each, up to the first NUL; padded with NUL when written. */
export function ascii(size: number): Field<string> {
  return {
    size,
    read: (view, at) => {
      let text = ''
      for (let i = 0; i < size; i += 1) {
        const code = view.getUint8(at + i)
        if (code === 0) break
        text += String.fromCharCode(code)
      }
      return text
    },
    write: (view, at, value) => {
      if (value.length > size) throw new RangeError(`${value.length} characters for a field of ${size}`)
      for (let i = 0; i < size; i += 1)
        view.setUint8(at + i, i < value.length ? fitting(value.charCodeAt(i), 0xff) : 0)
    },
  }
}

function u16({ littleEndian }: { littleEndian: boolean }): Field<number> {
  return {
    size: 2,
    read: (view, at) => view.getUint16(at, littleEndian),
    write: (view, at, value) => view.setUint16(at, fitting(value, 0xffff), littleEndian),
  }
}

function u32({ littleEndian }: { littleEndian: boolean }): Field<number> {
  return {
    size: 4,
    read: (view, at) => view.getUint32(at, littleEndian),
    write: (view, at, value) => view.setUint32(at, fitting(value, 0xffff_ffff), littleEndian),
  }
}

function u64({ littleEndian }: { littleEndian: boolean }): Field<number> {
  const highAt = littleEndian ? 4 : 0
  const lowAt = littleEndian ? 0 : 4
  return {
    size: 8,
    read: (view, at, { file, what }) => {
      const high = view.getUint32(at + highAt, littleEndian)
      if (high <= 0x1f_ffff) return high * 0x1_0000_0000 + view.getUint32(at + lowAt, littleEndian)
      throw new DiskError('limit-exceeded', {
        file,
        what,
        value: view.getBigUint64(at, littleEndian).toString(),
        limit: Number.MAX_SAFE_INTEGER,
      })
    },
    write: (view, at, value) => {
      const checked = fitting(value, Number.MAX_SAFE_INTEGER)
      view.setUint32(at + highAt, Math.floor(checked / 0x1_0000_0000), littleEndian)
      view.setUint32(at + lowAt, checked % 0x1_0000_0000, littleEndian)
    },
  }
}

function fitting(value: number, limit: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= limit) return value
  throw new RangeError(`${value} does not fit into a field of at most ${limit}`)
}
