import type { localOperations } from '@varve/agent/operations/local-table'
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

/** What every operation takes on the command line. */
export interface OperateOptions extends HostOptions {
  /** Show the plan and do nothing. */
  readonly plan?: boolean
  /** Print the plan as a runbook and do nothing. */
  readonly script?: boolean
  /** Consent to what the plan says, but for findings that ask for a word by name. */
  readonly yes?: boolean
  /** Ids of findings to consent to, comma-separated. */
  readonly accept?: string
}

export interface Wish {
  readonly operation: keyof typeof localOperations
  /** Paths as they were typed: of this host they are made absolute, of another they may be names in a library. */
  readonly request: unknown
  /** An image that is there is changed or removed: somebody at a terminal is asked first. */
  readonly isAsked: boolean
  /** The answer for people when it is done, in lines. */
  readonly told?: (state: RunState) => readonly string[]
}
