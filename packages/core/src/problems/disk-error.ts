import { controllerGone, fleetRemedy, notReadableRemedy, notWritableRemedy, releaseWords } from './causes.ts'
import { bytesInWords, formatBytes, groupThousands } from '../units/format-bytes.ts'
import { areDetailsOf, type DiskErrorCode, type DiskErrorDetails } from './error-details.ts'
import type { LayerNumber } from './layer-number.ts'
import { bareWords, placeWords } from './problem-words.ts'
import { whatIsMissing } from './missing-words.ts'
import { quote } from './quote.ts'

export { quote }

interface Explanation {
  readonly layer: LayerNumber
  readonly message: string
  readonly remedy: string
}

type Explain = { readonly [C in DiskErrorCode]: (details: DiskErrorDetails[C]) => Explanation }

const copyAgain = 'Copy the file again from where it came from, or restore it from a backup.'

interface Undecided {
  readonly candidates?: readonly string[] | undefined
}

/** Sizes that look alike are told to the byte. */
function wanting({ wanted, available }: { readonly wanted: number; readonly available: number }): string {
  const [want, have] = [bytesInWords(wanted), bytesInWords(available)]
  return want === have
    ? `${groupThousands(wanted)} bytes, but only ${groupThousands(available)}`
    : `${want}, but only ${have}`
}

/** Sizes that look alike are told to the byte. */
function needed(wanted: number, available: number): string {
  const [want, have] = [formatBytes(wanted), formatBytes(available)]
  const exact = want === have
  return exact
    ? `${groupThousands(wanted)} bytes are needed and ${groupThousands(available)}`
    : `${want} are needed and ${have}`
}

function isUndecided({ candidates = [] }: Undecided): boolean {
  return candidates.length > 0
}

function orOneOf({ candidates = [] }: Undecided): string {
  return candidates.length === 0
    ? ''
    : `; ${candidates.map(quote).join(' and ')} fit it alike, so neither was taken`
}

function inUse({ how, by }: DiskErrorDetails['in-use']): string {
  if (how === 'holds') return `it is held by ${by}, and nobody else gets it meanwhile`
  if (how === 'reads') return `it is read by ${by}, who must not see it change`
  return `it is open for writing by ${by}; a copy would mix two states of the disk`
}

function renameOne(name: string): string {
  return `Rename the one that is meant to ${quote(name)}, or put it there.`
}

const explain: Explain = {
  truncated: (d) => ({
    layer: 'L2',
    message: `${d.structure} needs ${wanting(d)} are there: the file is cut short`,
    remedy: d.instead ?? copyAgain,
  }),
  corrupt: (d) => ({
    layer: 'L2',
    message: `${d.structure} is damaged${d.offset === undefined ? '' : ` at offset ${d.offset}`}: ${d.reason}`,
    remedy: copyAgain,
  }),
  'limit-exceeded': (d) => ({
    layer: 'L2',
    message: `${d.what} is ${d.value}, more than the limit of ${d.limit}`,
    remedy: 'The header is damaged or hostile. ' + copyAgain,
  }),
  'unsupported-format': (d) => ({
    layer: 'L2',
    message: `${d.format} cannot be read: ${d.reason}`,
    remedy: 'Convert it with the tool that made it to a format that Varve reads, such as qcow2 or raw.',
  }),
  'format-not-written': (d) => ({
    layer: 'L2',
    message: `Varve does not write ${d.format}`,
    remedy: `Choose one of the formats that it writes: ${d.written.join(', ')}.`,
  }),
  'unsupported-feature': (d) => ({
    layer: 'L2',
    message: `this ${d.format} image uses ${d.feature}, which Varve does not read`,
    remedy: 'Convert it with the tool that made it, without that feature.',
  }),
  encrypted: (d) => ({
    layer: 'L2',
    message: `this ${d.format} image is encrypted (${d.method})`,
    remedy: 'Decrypt it with the tool that made it, then try again.',
  }),
  'decompression-failed': (d) => ({
    layer: 'L2',
    message: `the compressed data at offset ${d.offset} cannot be unpacked: ${d.reason}`,
    remedy: copyAgain,
  }),
  'parent-missing': (d) => ({
    layer: 'L2',
    message: `its parent ${quote(d.parent)} is not there; the disk cannot be read without it${orOneOf(d)}`,
    remedy: isUndecided(d) ? renameOne(d.parent) : `Put ${quote(d.parent)} back in its place.`,
  }),
  'parent-mismatch': (d) => ({
    layer: 'L2',
    message: `its parent ${quote(d.parent)} is not the one it was made from: expected ${d.expected}, found ${d.found}`,
    remedy: 'Find the parent as it was when this image was made; do not write to a parent that has children.',
  }),
  'chain-loop': (d) => ({
    layer: 'L2',
    message: `the chain of parents runs in a circle: ${d.path.map(quote).join(' → ')}`,
    remedy: 'Repoint one of these images to its real parent.',
  }),
  'chain-too-long': (d) => ({
    layer: 'L2',
    message: `the chain of parents is longer than ${d.limit}`,
    remedy: 'Flatten the chain with the tool that made it.',
  }),
  'reference-refused': (d) => ({
    layer: 'L2',
    message: `it names another file as ${quote(d.reference)}, which is not followed: ${d.reason}`,
    remedy: 'Repoint it to a plain file beside it.',
  }),
  'extent-file-missing': (d) => ({
    layer: 'L2',
    message: `its part ${quote(d.extent)} is not there${orOneOf(d)}`,
    remedy: isUndecided(d) ? renameOne(d.extent) : `Put ${quote(d.extent)} back in its place.`,
  }),
  'not-found': (d) => ({ layer: 'L1', ...whatIsMissing(d) }),
  'not-readable': (d) => ({
    layer: 'L1',
    message: `it cannot be read: ${d.reason}`,
    remedy: notReadableRemedy[d.why ?? 'rights'](d.program ?? 'the program that runs Varve'),
  }),
  'not-writable': (d) => ({
    layer: 'L1',
    message: `it cannot be written: ${d.reason}`,
    remedy: notWritableRemedy[d.why ?? 'rights'],
  }),
  'folder-missing': (d) => ({
    layer: 'L1',
    message: `its folder ${quote(d.folder)} does not exist`,
    remedy: 'Create that folder, or choose another.',
  }),
  'same-file': (d) => ({
    layer: 'L1',
    message: `the target is ${d.role === 'source' ? 'the source itself' : 'one of the files that the source is read from: a parent or a part of it'}`,
    remedy: 'Choose another name for the target: the source is never written.',
  }),
  'not-an-image': (d) => ({
    layer: 'L1',
    message: `it is not a disk image: ${d.reason}`,
    remedy: 'Name a regular file, a block device or an image bundle.',
  }),
  'name-not-utf8': () => ({
    layer: 'L1',
    message: 'its name holds bytes that are not UTF-8',
    remedy: 'Rename the file.',
  }),
  'outside-library': (d) => ({
    layer: 'L1',
    message: `it lies outside the library ${quote(d.library)}`,
    remedy: 'Move the file into the library, or add its folder as a library of this agent.',
  }),
  'target-exists': () => ({
    layer: 'L1',
    message: 'there is a file of that name already',
    remedy: 'Choose another name, or remove that file first.',
  }),
  'part-missing': () => ({
    layer: 'L1',
    message: 'what was written for it is gone: somebody removed its hidden part file',
    remedy: 'Start the migration again.',
  }),
  'in-use': (d) => ({
    layer: 'L1',
    message: inUse(d),
    remedy: [
      `${releaseWords(d.uses ?? []) ?? `Stop the machine or program that ${d.how === 'reads' ? 'reads' : d.how === 'holds' ? 'has' : 'writes to'} it`}, then start again.`,
      ...(d.mayBeAccepted === true
        ? ['Say --accept in-use to read what lies there now, as after a crash of that machine.']
        : []),
    ].join(' '),
  }),
  'no-space': (d) => ({
    layer: 'L1',
    message:
      d.wanted === null || d.available === null
        ? d.of === 'state'
          ? 'the disk of this state folder is full, and what is to be done is written down there first'
          : 'the disk is full'
        : `${needed(d.wanted, d.available)} are free`,
    remedy:
      d.of === 'state'
        ? 'Free space there, or say another state folder with VARVE_STATE. A run that had begun goes on with varve runs ID --resume.'
        : 'Free space there, or choose another library.',
  }),
  'source-changed': (d) => ({
    layer: 'L1',
    message: `it changed while it was read (${d.change})`,
    remedy: 'Stop the machine or program that writes to it, then start again.',
  }),
  'input-output': (d) => ({
    layer: 'L1',
    message: `reading or writing failed: ${d.reason}`,
    remedy: 'Check the disk and the system log of that host.',
  }),
  'out-of-range': (d) => ({
    layer: 'L3',
    message: `bytes ${d.start} to ${d.end} were asked for, the disk has ${d.size}`,
    remedy: 'Report this: it is a fault of the program that asked.',
  }),
  'digest-mismatch': (d) => ({
    layer: 'L3',
    message: `what arrived differs from the source${d.chunk === null ? '' : ` at chunk ${d.chunk}`}: expected ${d.expected}, found ${d.found}`,
    remedy: 'Nothing was published. Check memory, disk and network of both hosts, then start again.',
  }),
  'disks-differ': (d) => ({
    layer: 'L3',
    message: `it holds another disk than ${quote(d.other)}: ${d.at === null ? 'their sizes differ' : `they differ from about byte ${groupThousands(d.at)} on`}`,
    remedy: 'Nothing was changed. See where they differ with varve compare, and choose the right image.',
  }),
  'no-proof': () => ({
    layer: 'L3',
    message: 'no manifest of what it held is kept, so that there is nothing to compare it with',
    remedy:
      'Keep one of what it holds now with varve verify --keep; what Varve creates and converts has one.',
  }),
  'nbd-failed': (d) => ({
    layer: 'L3',
    message: `the NBD connection failed: ${d.reason}`,
    remedy: 'Check that the server is up, can be reached and offers that export, then start again.',
  }),
  'tls-failed': (d) => ({
    layer: 'L3',
    message: `there is no trusted connection: ${d.reason}`,
    remedy: d.remedy,
  }),
  'size-unsupported': (d) => ({
    layer: 'L2',
    message: `${d.format} cannot hold a disk of ${bytesInWords(d.size)}: ${d.reason}`,
    remedy: 'Choose another target format.',
  }),
  'run-busy': (d) => ({
    layer: 'L1',
    message: `the run ${d.run} (${d.operation})${d.of === 'fleet' ? ' of the fleet' : ''} works on it and is not over`,
    remedy: `Wait for its end, or see varve runs ${d.run}${d.of === 'fleet' ? ' --fleet' : ''}${d.of === 'host' && d.host !== undefined ? ` on ${d.host}` : ''}: --resume goes on with it, --cancel undoes it.`,
  }),
  'tool-failed': (d) => ({
    layer: 'L1',
    message: `${d.tool} failed${d.exitCode === null ? '' : ` with exit code ${d.exitCode}`}: ${d.stderr.slice(-mostSaid).trim()}`,
    remedy: 'Run the command by hand to see more.',
  }),
  'tool-missing': (d) => ({
    layer: 'L1',
    message: `${d.tool} is not installed`,
    remedy: d.install,
  }),
  'service-failed': (d) => ({
    layer: 'L1',
    message: `could not ${d.what}: ${d.reason}${d.code === null ? '' : ` (${d.code})`}`,
    remedy: d.remedy,
  }),
  'no-progress': (d) => ({
    layer: 'L3',
    message: `${d.during} made no progress for ${d.seconds} seconds`,
    remedy: 'Check the disks and the network of both hosts, then start again.',
  }),
  'agent-gone': (d) => ({
    layer: 'L1',
    message: `the agent on ${d.host} is not connected`,
    remedy: `Start the agent on ${d.host}, then start again.`,
  }),
  'controller-gone': (d) => ({
    layer: 'L1',
    message: controllerGone[d.why].message(d.reason),
    remedy: controllerGone[d.why].remedy,
  }),
  'not-in-fleet': (d) => ({
    layer: 'L1',
    message: `there is no ${d.kind} of that name in this fleet`,
    remedy: fleetRemedy[d.kind],
  }),
  'invalid-request': (d) => ({
    layer: 'L1',
    message: `it is not taken: ${d.reason}`,
    remedy: 'Correct it and ask again; nothing was changed.',
  }),
  'already-over': (d) => ({
    layer: 'L3',
    message: `it is over already: it ${d.state}`,
    remedy: 'Nothing of it is changed any more. To do it again, give the command again.',
  }),
  canceled: (d) => ({
    layer: 'L3',
    message: `${d.what} was canceled`,
    remedy: 'Start it again when you want it.',
  }),
  refused: (d) => ({ layer: d.layer ?? 'L2', message: d.reason, remedy: d.remedy }),
  'needs-consent': (d) => ({
    layer: 'L2',
    message: `this needs your word first: ${d.findings.join(' ')}`,
    remedy: [
      ...(d.yes === true ? ['Say --yes when that is what you want; --plan shows every step.'] : []),
      ...(d.ids.length > 0 && d.yes !== true
        ? [`Say --accept ${d.ids.join(',')} when that is what you want.`]
        : []),
      ...d.choices.map((name) => `Choose with --read ${name}=… how to read it.`),
    ].join(' '),
  }),
}

/** A broken promise of one layer, with the file at fault and the remedy. */
export class DiskError<C extends DiskErrorCode = DiskErrorCode> extends Error {
  override readonly name = 'DiskError'
  readonly code: C
  readonly details: DiskErrorDetails[C]
  readonly layer: LayerNumber
  readonly file: string
  readonly remedy: string
  constructor(code: C, details: DiskErrorDetails[C], options?: ErrorOptions) {
    const { layer, message, remedy } = explain[code](details)
    super(placeWords({ layer, file: details.file }) + message, options)
    this.code = code
    this.details = details
    this.layer = layer
    this.file = details.file
    this.remedy = remedy
  }
}

export function isDiskError<C extends DiskErrorCode>(error: unknown, code?: C): error is DiskError<C> {
  return error instanceof DiskError && (code === undefined || error.code === code)
}

/** The same error about `to` where it is about `from`, or a file in that folder: what has a hidden name is known by its final one. */
export function renamedIn(error: unknown, from: string, to: string): unknown {
  if (!(error instanceof DiskError)) return error
  const isPart = error.file.startsWith(from) && /^(?:$|[/\\])/u.test(error.file.slice(from.length))
  if (!isPart) return error
  return new DiskError(error.code, { ...error.details, file: to } as never, { cause: error })
}

/** Worth trying again without a person doing anything. */
export function isRetryable(code: DiskErrorCode): boolean {
  return code === 'nbd-failed' || code === 'no-progress' || code === 'agent-gone'
}

/** An error as it crosses a wire or a thread. */
export interface ErrorRecord {
  readonly code: string
  readonly layer: LayerNumber
  readonly file: string
  readonly message: string
  readonly remedy: string
  readonly details: Record<string, unknown>
}

/** What cleaning up failed with after `error` is not what went wrong. */
export function toErrorRecord(error: unknown, file: string): ErrorRecord {
  if (error instanceof SuppressedError) return toErrorRecord(error.suppressed, file)
  if (error instanceof DiskError) {
    const { code, layer, message, remedy } = error
    return { code, layer, file: error.file, message, remedy, details: { ...error.details } }
  }
  const reason = error instanceof Error ? error.message : String(error)
  return {
    code: 'internal',
    layer: 'L3',
    file,
    message: `L3 ${quote(file)}: an error that Varve did not expect: ${reason}`,
    remedy: 'Report it with the log of the agent.',
    details: {},
  }
}

/** The error that `record` was made from; of an unknown code, or without its details, it comes back as `refused`. */
export function fromErrorRecord(record: ErrorRecord): DiskError {
  if (areDetailsOf(record.code, record.details)) {
    try {
      return new DiskError(record.code, record.details as never)
    } catch {
      // One of its details is a word that only its sender knows.
    }
  }
  const { code: finding, layer, file, remedy } = record
  return new DiskError('refused', { file, reason: bareWords(record), remedy, finding, layer })
}

/** Characters of what a tool said that stand in a message. */
const mostSaid = 2000
