import type { LocalOperationName } from '@varve/agent/operations/local-table'
import type { Problem } from '@varve/core/problems/problem'
import { UsageError, type Outcome } from '../command.ts'
import type { RunState } from '@varve/operations/runs/run-state'

/** What can also be done on a host of the fleet takes these. */
export interface HostOptions {
  /** A host of the fleet to do it on, instead of this one. */
  readonly host?: string
  /** The library that names on that host are of. */
  readonly library?: string
  readonly controller?: string
  /** Do not wait for the end. */
  readonly detach?: boolean
}

/** What every command takes that is, or could be, an operation. */
export interface FreeOptions {
  /** Show the plan and do nothing. */
  readonly plan?: boolean
  /** Print the plan as a runbook and do nothing. */
  readonly script?: boolean
  /** Consent to what the plan says, but for findings that ask for a word by name. */
  readonly yes?: boolean
}

/** What commands take that only read. */
export interface ReadOptions extends FreeOptions, HostOptions {}

/** What every operation takes on the command line. */
export interface OperateOptions extends ReadOptions {
  /** When another run works on the image, wait for its end. */
  readonly wait?: boolean
  /** Ids of findings to consent to, comma-separated. */
  readonly accept?: string
}

export interface Wish {
  readonly operation: LocalOperationName
  /** Paths as they were typed: of this host they are made absolute, of another they may be names in a library. */
  readonly request: unknown
  /** An image that is there is changed or removed: somebody at a terminal is asked first. */
  readonly isAsked: boolean
  /** The answer for people when it is done, in lines. */
  readonly told?: (state: RunState) => readonly string[]
  /** The answer for scripts when it succeeded; left out: the record of the run. */
  readonly record?: (state: RunState) => object
  /** Says the result of a run of this host in its own way, for people and for scripts; gives the exit code. */
  readonly report?: (state: RunState) => Outcome
  /** Says what the plan found before the run begins; left out: the findings are listed when it is over. */
  readonly notice?: (findings: readonly Problem[]) => void
  /** Why it cannot be done is said as the error that it would end with. */
  readonly refusal?: 'error'
  /** A passphrase or key that its actions need: for this run alone, and in none of its inputs. */
  readonly secret?: Uint8Array
  /** `cached`: nothing of the run is waited for to be on the medium. */
  readonly durability?: 'synced' | 'cached'
}

/** Whether a plan is only to be seen. */
export function isPlanAsked({ plan, script }: FreeOptions): boolean {
  return plan === true || script === true
}

/** Whether something is read by an operation: on a host of the fleet, or because its plan is to be seen. Else the command reads by itself. */
export function isReadByPlan(options: ReadOptions): boolean {
  return options.host !== undefined || isPlanAsked(options)
}

/** Throws when a plan is asked of what has none. */
export function assertNoPlanAsked(options: FreeOptions, what: string): void {
  if (isPlanAsked(options))
    throw new UsageError(`Nothing is planned for ${what}: leave --plan and --script out.`)
}

/** Throws when options are for the fleet only. */
export function assertNoFleetOptions({ library, detach, controller }: HostOptions): void {
  if (library !== undefined || detach === true || controller !== undefined)
    throw new UsageError('--library, --detach and --controller go with --host.')
}
