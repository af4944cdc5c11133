import type { ReadingChoices } from './reading-choices.ts'
import type { DiskErrorCode } from '../problems/error-details.ts'
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
  /** How many places it is about, where that is not one: neighbours with the same fault are one finding. */
  readonly count?: number | undefined
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
export type Fault = Omit<Finding, 'layer' | 'file' | 'kind' | 'severity' | 'count'>

/** Places in a row, by their numbers. */
export interface Run {
  readonly first: number
  readonly count: number
}

/** A fault of one place of a table; that of the place after it becomes one finding with it. */
export interface PlaceFault extends Omit<Fault, 'message'> {
  /** Number of the place. */
  readonly place: number
  /** What else must be the same to be one finding, where the id does not tell all. */
  readonly like?: string | number
  readonly message: (run: Run) => string
}

/** Runs that are open at once: more kinds of faults than that do not take turns. */
const mostRuns = 16

/** Neighbours with the same fault, as far as they came. */
interface OpenRun {
  readonly kind: FindingKind
  readonly fault: PlaceFault
  readonly times: number
  count: number
}

/** Collects findings of one file up to the limit and counts them all. */
export class FindingList {
  readonly #file: string
  readonly #findings: Finding[] = []
  readonly #counts: Record<FindingKind, number> = { corruption: 0, leak: 0, remark: 0 }
  /** By kind, id and what else is the same. */
  readonly #runs = new Map<string, OpenRun>()
  /** Something was not looked at. */
  #isCut = false

  constructor(file: string) {
    this.#file = file
  }

  /** Counts `times` findings and lists one. */
  add(kind: FindingKind, fault: Fault, times = 1): void {
    this.#endRuns()
    this.#counts[kind] += times
    this.#list(kind, fault, { count: times })
  }

  /**
   * Counts `times` findings; one is listed for all neighbours that are alike and come in rising order, whatever other
   * places come between.
   */
  addPlace(kind: FindingKind, fault: PlaceFault, times = 1): void {
    this.#counts[kind] += times
    const key = JSON.stringify([kind, fault.id, fault.like ?? null, times])
    const run = this.#runs.get(key)
    if (run && run.fault.place + run.count === fault.place) {
      run.count += 1
      return
    }
    if (run) {
      this.#runs.delete(key)
      this.#listRun(run)
    } else if (this.#runs.size >= mostRuns) this.#endRuns()
    this.#runs.set(key, { kind, fault, times, count: 1 })
  }

  #endRuns(): void {
    const runs = [...this.#runs.values()]
    this.#runs.clear()
    for (const run of runs) this.#listRun(run)
  }

  #listRun({ kind, fault, times, count }: OpenRun): void {
    const { id, remedy, offset, place: first } = fault
    const message = fault.message({ first, count })
    this.#list(kind, { id, message, remedy, offset }, { count: count * times })
  }

  #list(
    kind: FindingKind,
    fault: Fault,
    { count, file = this.#file }: { count: number; file?: string },
  ): void {
    if (this.#findings.length >= maxFindings) return
    const finding = { ...fault, kind, severity: severities[kind], layer: 'L2', file } as const
    this.#findings.push(count === 1 ? finding : { ...finding, count })
  }

  /** Takes over a problem of L2 that was found elsewhere. */
  adopt(kind: FindingKind, { id, message, remedy, offset, file }: Problem, count = 1): void {
    this.#endRuns()
    this.#counts[kind] += count
    this.#list(kind, { id, message, remedy, offset }, { count, file: file ?? this.#file })
  }

  /**
   * Takes over why something cannot be read. Where that is no fault of the image (a format, a feature or a key that is not
   * ours), it is a remark; the report is not complete then.
   */
  adoptRefusal(problem: Problem): void {
    const isWhole = notOurs.has(problem.id)
    if (isWhole) this.#isCut = true
    this.adopt(isWhole ? 'remark' : 'corruption', problem)
  }

  /** Takes over what another walk found, with what it counted and did not list. */
  adoptReport({ findings, totals }: CheckReport): void {
    const counts = { corruption: totals.corruptions, leak: totals.leaks, remark: totals.remarks }
    for (const finding of findings) {
      this.adopt(finding.kind, finding, finding.count)
      counts[finding.kind] -= finding.count ?? 1
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
    this.#endRuns()
    const { format, checked, isComplete, allocatedBytes, leakedBytes } = part
    const { corruption, leak, remark } = this.#counts
    return {
      file: this.#file,
      format,
      checked,
      findings: [...this.#findings],
      totals: { allocatedBytes, leakedBytes, corruptions: corruption, leaks: leak, remarks: remark },
      isComplete: isComplete && !this.#isCut,
    }
  }
}

/** Codes of errors that say of an image that we do not read it, not that it is damaged. */
const notOurs: ReadonlySet<string> = new Set<DiskErrorCode>([
  'unsupported-format',
  'unsupported-feature',
  'encrypted',
])

const severities: Readonly<Record<FindingKind, Problem['severity']>> = {
  corruption: 'block',
  leak: 'warn',
  remark: 'info',
}
