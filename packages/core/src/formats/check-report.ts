import type { ReadingChoices } from './reading-choices.ts'
import type { Problem } from '../problems/problem.ts'
import type { FormatName } from './format-rules.ts'

/**
 * What a finding means for the disk. `corruption`: what is read, or what is written later, may be wrong. `leak`: room that
 * nothing uses. `remark`: neither, but somebody should know.
 */
export type FindingKind = 'corruption' | 'leak' | 'remark'

/** One fault of the container, as data; always of L2. */
export interface Finding extends Problem {
  readonly kind: FindingKind
  readonly layer: 'L2'
}

export interface CheckTotals {
  /** Bytes of the disk that have a place in the file, by whole clusters or blocks; null when no table says it. */
  readonly allocatedBytes: number | null
  /** Bytes of the file that nothing uses. */
  readonly leakedBytes: number
  /** Findings of each kind, listed or not. */
  readonly corruptions: number
  readonly leaks: number
  readonly remarks: number
}

/** What a full walk through the tables of one file found. */
export interface CheckReport {
  readonly file: string
  readonly format: FormatName
  /** What was looked at, in the format's words: `reference counts`, `block map`…; empty when there is nothing to check. */
  readonly checked: readonly string[]
  /** The first `maxFindings`, in the order found. */
  readonly findings: readonly Finding[]
  readonly totals: CheckTotals
  /** Whether the walk came to its end; false when damage kept it from going on. */
  readonly isComplete: boolean
}

/** Findings that are listed; all are counted. */
export const maxFindings = 1000

export interface CheckOptions {
  /** What somebody said about how to read the image. */
  readonly choices?: ReadingChoices | undefined
  readonly signal?: AbortSignal
  /** Called now and then with bytes of tables done and in all. */
  readonly onProgress?: (done: number, total: number) => void
}

/** What a check says about one fault. */
export type Fault = Omit<Finding, 'layer' | 'file' | 'kind' | 'severity'>

/** Collects findings of one file up to the limit and counts them all. */
export class FindingList {
  readonly #file: string
  readonly #findings: Finding[] = []
  readonly #counts: Record<FindingKind, number> = { corruption: 0, leak: 0, remark: 0 }

  constructor(file: string) {
    this.#file = file
  }

  /** Counts `times` findings and lists one. */
  add(kind: FindingKind, fault: Fault, times = 1): void {
    this.#counts[kind] += times
    if (this.#findings.length >= maxFindings) return
    this.#findings.push({ ...fault, kind, severity: severities[kind], layer: 'L2', file: this.#file })
  }

  /** Takes over a problem of L2 that was found elsewhere. */
  adopt(kind: FindingKind, { id, message, remedy, offset, file }: Problem): void {
    this.#counts[kind] += 1
    if (this.#findings.length >= maxFindings) return
    const severity = severities[kind]
    this.#findings.push({
      id,
      kind,
      severity,
      layer: 'L2',
      file: file ?? this.#file,
      message,
      remedy,
      offset,
    })
  }

  /** Takes over what another walk found, with what it counted and did not list. */
  adoptReport({ findings, totals }: CheckReport): void {
    const counts = { corruption: totals.corruptions, leak: totals.leaks, remark: totals.remarks }
    for (const finding of findings) {
      this.adopt(finding.kind, finding)
      counts[finding.kind] -= 1
    }
    for (const kind of Object.keys(severities) as FindingKind[]) this.#counts[kind] += counts[kind]
  }

  get corruptions(): number {
    return this.#counts.corruption
  }

  report(
    part: Pick<CheckReport, 'format' | 'checked' | 'isComplete'> &
      Pick<CheckTotals, 'allocatedBytes' | 'leakedBytes'>,
  ): CheckReport {
    const { format, checked, isComplete, allocatedBytes, leakedBytes } = part
    const { corruption, leak, remark } = this.#counts
    return {
      file: this.#file,
      format,
      checked,
      findings: [...this.#findings],
      totals: { allocatedBytes, leakedBytes, corruptions: corruption, leaks: leak, remarks: remark },
      isComplete,
    }
  }
}

const severities: Readonly<Record<FindingKind, Problem['severity']>> = {
  corruption: 'block',
  leak: 'warn',
  remark: 'info',
}
