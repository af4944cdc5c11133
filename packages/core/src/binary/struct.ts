import { DiskError } from '../problems/disk-error.ts'
import type { Field } from './fields.ts'

type Fields = Readonly<Record<string, readonly [at: number, field: AnyField]>>
type AnyField = Pick<Field<unknown>, 'size' | 'read'> & {
  write(view: DataView, at: number, value: never): void
}
type ValueOf<F extends Fields> = {
  readonly [K in keyof F]: F[K][1] extends Pick<Field<infer T>, 'read'> ? T : never
}

/** A structure of fixed layout: one table of fields serves reader and writer. */
export interface Struct<V> {
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** The structure at byte `at` of `bytes`; throws `truncated` and `limit-exceeded`, which name `file`. */
  read(bytes: Uint8Array, file: string, at?: number): V
  /** The structure as `size` bytes; places without a field are zero. Throws RangeError for what does not fit. */
  write(value: V): Uint8Array<ArrayBuffer>
}

/** What `struct(…).read` gives. */
export type StructValue<S> = S extends Struct<infer V> ? V : never

/** A structure of `size` bytes; fields out of order, overlapping or outside fail here, when the module loads. */
export function struct<const F extends Fields>(name: string, size: number, fields: F): Struct<ValueOf<F>> {
  const entries = Object.entries(fields)
  assertInOrderAndInside(name, size, entries)
  return {
    name,
    size,
    read(bytes, file, at = 0) {
      if (at < 0 || at + size > bytes.length) {
        const available = Math.max(0, bytes.length - at)
        throw new DiskError('truncated', { file, structure: name, wanted: size, available })
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, size)
      const value: Record<string, unknown> = {}
      for (const [key, [fieldAt, field]] of entries) {
        value[key] = field.read(view, fieldAt, { file, what: `${name}, ${key}` })
      }
      return value as ValueOf<F>
    },
    write(value) {
      const bytes = new Uint8Array(size)
      const view = new DataView(bytes.buffer)
      for (const [key, [at, field]] of entries) field.write(view, at, value[key] as never)
      return bytes
    },
  }
}

function assertInOrderAndInside(
  name: string,
  size: number,
  entries: readonly [string, Fields[string]][],
): void {
  let end = 0
  for (const [key, [at, field]] of entries) {
    if (at < end || at + field.size > size) {
      throw new RangeError(
        `${name}: field ${key} at ${at} overlaps the one before it or leaves the ${size} bytes`,
      )
    }
    end = at + field.size
  }
}
