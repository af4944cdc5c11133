import { toHex } from '../binary/hex.ts'
import { DiskError } from '../problems/disk-error.ts'
import { formatRules, type FormatName, type Magic } from './format-rules.ts'

/**
 * Throws `corrupt` unless a header starts with a mark of its format. To be asked before any other field is believed: those
 * of a header that was overwritten are absurd, and say nothing.
 */
export function assertMark(
  head: Uint8Array,
  {
    file,
    structure,
    format,
  }: { readonly file: string; readonly structure: string; readonly format: FormatName },
): void {
  const magics: readonly Magic[] = formatRules[format].magics
  const has = ({ at, bytes }: Magic) => toHex(head.subarray(at, at + bytes.length / 2)) === bytes
  // What is cut short says so when it is read.
  if (magics.some((magic) => has(magic) || head.length < magic.at + magic.bytes.length / 2)) return
  const [first] = magics
  if (!first) return
  const mark = wordsOf(first.bytes)
  const reason =
    first.at === 0 ? `it does not start with ${mark}` : `it does not have ${mark} at byte ${first.at}`
  throw new DiskError('corrupt', { file, structure, reason, offset: first.at })
}

/** A mark as text when it is letters, else as bytes. */
function wordsOf(hex: string): string {
  const bytes = hex.match(/../gu) ?? []
  const text = bytes.map((byte) => String.fromCharCode(Number.parseInt(byte, 16))).join('')
  const letters = /^[\x20-\x7e]+/u.exec(text)?.[0] ?? ''
  return letters.length >= 3 ? letters : `the bytes ${bytes.join(' ')}`
}
