/** Bytes from `start` up to, and without, `end`. */
export interface Wanted {
  readonly start: number
  readonly end: number
}

/**
 * What a `Range` header wants of `size` bytes (RFC 9110, section 14): null: all of it, as without one, also where it names several
 * ranges or another unit; `unsatisfiable`: nothing of it is there.
 */
export function wantedRange(header: string | undefined, size: number): Wanted | null | 'unsatisfiable' {
  const found = /^bytes=(?<first>\d{0,16})-(?<last>\d{0,16})$/u.exec(header ?? '')
  const { first = '', last = '' } = found?.groups ?? {}
  if (first === '' && last === '') return null
  if (first === '') {
    const length = Math.min(size, Number(last))
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size }
  }
  const start = Number(first)
  const end = last === '' ? size : Math.min(size, Number(last) + 1)
  if (last !== '' && Number(last) < start) return null
  return start >= size ? 'unsatisfiable' : { start, end }
}
