import type { DiskError } from './disk-error.ts'
import type { LayerNumber } from './layer-number.ts'

export type Severity = 'block' | 'warn' | 'info'

/** A finding about one layer of one file: what is the case, what follows, what to do. */
export interface Problem {
  /** Stable kebab-case id, for scripts and for grouping. */
  readonly id: string
  readonly severity: Severity
  readonly layer: LayerNumber
  /** The file (as its owner names it) that the finding is about. */
  readonly file: string | null
  readonly message: string
  readonly remedy: string
  /** Byte offset inside `file`, where there is one. */
  readonly offset?: number | undefined
  /** What its words are made of, by name: for programs, which never read the words. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
  /** An operation that makes a new disk of the image needs a word on it: consent by its id, or the choice it names. */
  readonly asks?: true | undefined
  /** The reading choice, such as `vhd-bitmap`, that has to be made by name: consent alone does not do. */
  readonly settledBy?: string | undefined
}

/** Whether somebody has to accept it before an operation starts; what is said for information only needs no answer. */
export function needsAcceptance({ severity, asks }: Pick<Problem, 'severity' | 'asks'>): boolean {
  return severity === 'warn' || asks === true
}

export function isBlocking(problem: Problem): boolean {
  return problem.severity === 'block'
}

/** The blocking finding that says the same as `error`. */
export function problemFromError(error: DiskError): Problem {
  return {
    id: error.code,
    severity: 'block',
    layer: error.layer,
    file: error.file,
    message: error.message,
    remedy: error.remedy,
    details: { ...error.details },
  }
}

/** A detail that is text; null when the finding has none of that name. */
export function textDetail({ details }: Pick<Problem, 'details'>, name: string): string | null {
  const value = details?.[name]
  return typeof value === 'string' ? value : null
}
