import type { LayerNumber } from './layer-number.ts'
import type { RunPlace, Use } from './use.ts'
import type { ControllerGoneWhy, FleetThing, NotReadableWhy, NotWritableWhy } from './causes.ts'

/** What each error knows. `file` is the file at fault, as its owner names it. */
export interface DiskErrorDetails {
  // L2: the container's own bytes
  /** `instead`: another way to read it than from another copy. */
  truncated: { file: string; structure: string; wanted: number; available: number; instead?: string }
  corrupt: { file: string; structure: string; reason: string; offset?: number }
  'limit-exceeded': { file: string; what: string; value: number | string; limit: number | string }
  'unsupported-format': { file: string; format: string; reason: string }
  'unsupported-feature': { file: string; format: string; feature: string }
  'format-not-written': { file: string; format: string; written: readonly string[] }
  encrypted: { file: string; format: string; method: string }
  'decompression-failed': { file: string; offset: number; reason: string }
  // L2: chains
  /** `candidates`: files of which none is taken because several fit but for their letters. */
  'parent-missing': { file: string; parent: string; candidates?: readonly string[] | undefined }
  'parent-mismatch': { file: string; parent: string; expected: string; found: string }
  'chain-loop': { file: string; path: readonly string[] }
  'chain-too-long': { file: string; limit: number }
  'reference-refused': { file: string; reference: string; reason: string }
  'extent-file-missing': { file: string; extent: string; candidates?: readonly string[] | undefined }
  // L1: the host's files
  /** `quarantines`: it is the id of an entry, and these folders were looked into. */
  'not-found': {
    file: string
    candidates?: readonly string[] | undefined
    quarantines?: readonly string[]
    /** The runs that are called so, where one was looked for. */
    runs?: readonly string[]
    /** What of Hyper-V is meant, where it is no file. */
    thing?: 'machine' | 'checkpoint'
  }
  /** `program`: runs Varve, where that is to be allowed something. */
  'not-readable': { file: string; reason: string; why?: NotReadableWhy; program?: string }
  'not-writable': { file: string; reason: string; why?: NotWritableWhy | undefined }
  'folder-missing': { file: string; folder: string }
  'same-file': { file: string; role: 'source' | 'part' }
  'not-an-image': { file: string; reason: string }
  'name-not-utf8': { file: string }
  'outside-library': { file: string; library: string }
  'target-exists': { file: string }
  'part-missing': { file: string }
  /** `mayBeAccepted`: who asks can say by name that it is to be read all the same. */
  'in-use': {
    file: string
    by: string
    uses?: readonly Use[]
    /** The strongest of what they do; left out: they write. `holds`: the system gives it to nobody else meanwhile. */
    how?: 'writes' | 'locks' | 'reads' | 'holds'
    mayBeAccepted?: boolean
  }
  /** `of`: the folder in which runs are written down, not an image's. */
  'no-space': { file: string; wanted: number | null; available: number | null; of?: 'state' }
  'source-changed': { file: string; change: string }
  'input-output': { file: string; reason: string }
  // L3: streams and proof
  'out-of-range': { file: string; start: number; end: number; size: number }
  'digest-mismatch': { file: string; expected: string; found: string; chunk: number | null }
  /** `at`: the first byte from which they differ, to a chunk; null: their sizes do. */
  'disks-differ': { file: string; other: string; at: number | null }
  /** No manifest is kept of what the image held. */
  'no-proof': { file: string }
  'nbd-failed': { file: string; reason: string }
  /** What was to be encrypted is not, or who is at the other end is not known. */
  'tls-failed': { file: string; reason: string; remedy: string }
  'size-unsupported': { file: string; format: string; size: number; reason: string }
  // processes
  'controller-gone': { file: string; why: ControllerGoneWhy; reason: string }
  'not-in-fleet': { file: string; kind: FleetThing }
  'invalid-request': { file: string; reason: string }
  'already-over': { file: string; state: string }
  /** `run`: the run that works on it now. */
  'run-busy': { file: string; run: string; operation: string; of?: RunPlace; host?: string }
  'tool-failed': { file: string; tool: string; exitCode: number | null; stderr: string }
  'tool-missing': { file: string; tool: string; install: string }
  /** `file`: name of the service; `what`: was asked for, as in "start it"; `why`, `remedy`: of whoever asked the system; `code`: of the system. */
  'service-failed': {
    file: string
    what: string
    why: string
    reason: string
    remedy: string
    code: number | null
  }
  'no-progress': { file: string; during: string; seconds: number }
  'agent-gone': { file: string; host: string }
  canceled: { file: string; what: string }
  /** `finding`: the id of the finding that refuses it, `layer` that of the finding; L2 when not said. */
  refused: { file: string; reason: string; remedy: string; finding?: string; layer?: LayerNumber }
  /** `ids`: findings to consent to; `choices`: reading choices to make. */
  'needs-consent': {
    file: string
    ids: readonly string[]
    choices: readonly string[]
    findings: readonly string[]
    /** Whether the word that everything takes, `--yes`, does. */
    yes?: true
  }
}

export type DiskErrorCode = keyof DiskErrorDetails

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
  'disks-differ': { file, other: isText, at: orNull(isNumber) },
  'no-proof': { file },
  'nbd-failed': { file, reason },
  'tls-failed': { file, reason, remedy: isText },
  'size-unsupported': { file, format: isText, size: isNumber, reason },
  'controller-gone': { file, why: isText, reason },
  'not-in-fleet': { file, kind: isText },
  'invalid-request': { file, reason },
  'already-over': { file, state: isText },
  'run-busy': { file, run: isText, operation: isText },
  'tool-failed': { file, tool: isText, exitCode: orNull(isNumber), stderr: isText },
  'tool-missing': { file, tool: isText, install: isText },
  'service-failed': {
    file,
    what: isText,
    why: isText,
    reason: isText,
    remedy: isText,
    code: orNull(isNumber),
  },
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
