import { DiskError } from '../../problems/disk-error.ts'

/** The text of a field, up to its first NUL. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end))
}

/** A number of a tar header: octal digits, or base 256 as GNU tar writes large ones; throws `corrupt`. */
export function numberOf(
  field: Uint8Array,
  { file, at }: { readonly file: string; readonly at: number },
): number {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = (field[0] ?? 0) & 0x7f
    for (const byte of field.subarray(1)) value = value * 256 + byte
    if (Number.isSafeInteger(value)) return value
    throw corrupt(file, 'a member is larger than any file', at)
  }
  const digits = textOf(field).trim()
  if (/^[0-7]{0,12}$/u.test(digits)) return Number.parseInt(digits === '' ? '0' : digits, 8)
  throw corrupt(file, 'the size of a member is no octal number', at)
}

/** A fault of the archive at byte `offset`. */
export function corrupt(file: string, reason: string, offset: number): DiskError {
  return new DiskError('corrupt', { file, structure: 'tar archive', reason, offset })
}
