import type { DiskErrorCode, DiskErrorDetails } from './disk-error.ts'

type RequiredKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? never : K }[keyof T]

const isText = (value: unknown) => typeof value === 'string'
const isNumber = (value: unknown) => typeof value === 'number'
const orNull = (is: (value: unknown) => boolean) => (value: unknown) => value === null || is(value)
const isTextOrNumber = (value: unknown) => isText(value) || isNumber(value)
const areTexts = (value: unknown) => Array.isArray(value) && value.every(isText)

type Kinds<D> = { readonly [K in RequiredKeys<D>]: (value: unknown) => boolean }

const file = isText
const reason = isText

/** What the details of each error must hold: a record that comes from a wire was made by another version, or by hand. */
const kinds: { readonly [C in DiskErrorCode]: Kinds<DiskErrorDetails[C]> } = {
  truncated: { file, structure: isText, wanted: isNumber, available: isNumber },
  corrupt: { file, structure: isText, reason },
  'limit-exceeded': { file, what: isText, value: isTextOrNumber, limit: isTextOrNumber },
  'unsupported-format': { file, format: isText, reason },
  'unsupported-feature': { file, format: isText, feature: isText },
  'format-not-written': { file, format: isText, written: areTexts },
  encrypted: { file, format: isText, method: isText },
  'decompression-failed': { file, offset: isNumber, reason },
  'parent-missing': { file, parent: isText },
  'parent-mismatch': { file, parent: isText, expected: isText, found: isText },
  'chain-loop': { file, path: areTexts },
  'chain-too-long': { file, limit: isNumber },
  'reference-refused': { file, reference: isText, reason },
  'extent-file-missing': { file, extent: isText },
  'not-found': { file },
  'not-readable': { file, reason },
  'not-writable': { file, reason },
  'folder-missing': { file, folder: isText },
  'same-file': { file, role: isText },
  'not-an-image': { file, reason },
  'name-not-utf8': { file },
  'outside-library': { file, library: isText },
  'target-exists': { file },
  'part-missing': { file },
  'in-use': { file, by: isText },
  'no-space': { file, wanted: orNull(isNumber), available: orNull(isNumber) },
  'source-changed': { file, change: isText },
  'input-output': { file, reason },
  'out-of-range': { file, start: isNumber, end: isNumber, size: isNumber },
  'digest-mismatch': { file, expected: isText, found: isText, chunk: orNull(isNumber) },
  'nbd-failed': { file, reason },
  'size-unsupported': { file, format: isText, size: isNumber, reason },
  'controller-gone': { file, why: isText, reason },
  'not-in-fleet': { file, kind: isText },
  'invalid-request': { file, reason },
  'already-over': { file, state: isText },
  'tool-failed': { file, tool: isText, exitCode: orNull(isNumber), stderr: isText },
  'tool-missing': { file, tool: isText, install: isText },
  'no-progress': { file, during: isText, seconds: isNumber },
  'agent-gone': { file, host: isText },
  canceled: { file, what: isText },
  refused: { file, reason, remedy: isText },
  'needs-consent': { file, ids: areTexts, choices: areTexts, findings: areTexts },
}

/** Whether `code` is one of ours and `details` has all that its words and its readers need. */
export function areDetailsOf(code: string, details: unknown): code is DiskErrorCode {
  if (!Object.hasOwn(kinds, code) || typeof details !== 'object' || details === null) return false
  const wanted: Readonly<Record<string, (value: unknown) => boolean>> = kinds[code as DiskErrorCode]
  return Object.entries(wanted).every(([key, is]) => is((details as Record<string, unknown>)[key]))
}
