import type { DiskErrorCode } from '@varve/core/problems/error-details'

/** Exit codes of `varve`, documented in docs/cli.md; scripts rely on them. */
export const exitCodes = {
  ok: 0,
  /** `compare`: L3 differs. */
  different: 1,
  usage: 2,
  /** L2: damaged, not supported, encrypted, broken chain. */
  imageRefused: 3,
  /** L1: not there, not readable, not writable, changed while it was read. */
  fileRefused: 4,
  targetExists: 5,
  noSpace: 6,
  /** The controller or an agent cannot be reached. */
  unreachable: 7,
  /** A migration ended without success, or was refused by its plan. */
  migrationFailed: 8,
  /** `check`: room is lost, nothing is corrupt. */
  leaks: 9,
  /** The image has findings that need a word by name: `--accept` or `--read`. */
  needsConsent: 10,
  internal: 70,
  interrupted: 130,
  /** Who read standard output has closed it: as of a program that SIGPIPE ends. */
  outputClosed: 141,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What each exit code means, for the manual; docs/cli.md has the same. */
export const exitWords: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'done; compare: identical',
  different: 'compare: different',
  usage: 'wrong use of the command',
  imageRefused: 'the image is refused (L2): damaged, not supported, encrypted, broken chain; check: corrupt',
  fileRefused: 'the file is refused (L1): not there, not readable, not writable, changed while it was read',
  targetExists: 'the target exists',
  noSpace: 'no space',
  unreachable: 'the controller or an agent cannot be reached',
  migrationFailed: 'the migration was refused, failed or was canceled',
  leaks: 'check: room is lost, nothing is corrupt',
  needsConsent: 'the image or the plan has findings that need a word',
  internal: 'a fault of Varve itself',
  interrupted: 'interrupted',
  outputClosed: 'who read standard output has closed it, as SIGPIPE ends a program',
}

const codeOf: Partial<Record<DiskErrorCode, ExitCode>> = {
  'not-found': exitCodes.fileRefused,
  'not-readable': exitCodes.fileRefused,
  'not-writable': exitCodes.fileRefused,
  'not-an-image': exitCodes.fileRefused,
  'name-not-utf8': exitCodes.fileRefused,
  'outside-library': exitCodes.fileRefused,
  'source-changed': exitCodes.fileRefused,
  'input-output': exitCodes.fileRefused,
  'in-use': exitCodes.fileRefused,
  'target-exists': exitCodes.targetExists,
  'no-space': exitCodes.noSpace,
  'agent-gone': exitCodes.unreachable,
  'controller-gone': exitCodes.unreachable,
  'not-in-fleet': exitCodes.fileRefused,
  'part-missing': exitCodes.fileRefused,
  'folder-missing': exitCodes.fileRefused,
  'same-file': exitCodes.targetExists,
  'invalid-request': exitCodes.usage,
  'already-over': exitCodes.migrationFailed,
  'run-busy': exitCodes.fileRefused,
  'no-proof': exitCodes.fileRefused,
  'nbd-failed': exitCodes.unreachable,
  'tls-failed': exitCodes.unreachable,
  'no-progress': exitCodes.unreachable,
  'tool-failed': exitCodes.internal,
  'tool-missing': exitCodes.internal,
  'service-failed': exitCodes.internal,
  canceled: exitCodes.interrupted,
  'needs-consent': exitCodes.needsConsent,
}

/** The exit code for a coded error; what is wrong with the image itself is `imageRefused`. */
export function exitCodeOf(code: string): ExitCode {
  if (code === 'internal') return exitCodes.internal
  return (codeOf as Partial<Record<string, ExitCode>>)[code] ?? exitCodes.imageRefused
}

/** From the least to the worst: what a command over several files ends with. */
const byWeight: readonly ExitCode[] = [
  exitCodes.ok,
  exitCodes.leaks,
  exitCodes.different,
  exitCodes.needsConsent,
  exitCodes.targetExists,
  exitCodes.fileRefused,
  exitCodes.imageRefused,
  exitCodes.migrationFailed,
  exitCodes.unreachable,
  exitCodes.noSpace,
  exitCodes.usage,
  exitCodes.internal,
  exitCodes.interrupted,
  exitCodes.outputClosed,
]

/** The worst of several exit codes. */
export function worstOf(codes: readonly ExitCode[]): ExitCode {
  return byWeight.findLast((code) => codes.includes(code)) ?? exitCodes.ok
}
