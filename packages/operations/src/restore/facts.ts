import type { QuarantineReason } from '../actions/set-aside.ts'

/** What one entry of a quarantine holds. */
export interface EntryFacts {
  readonly host: string
  readonly id: string
  readonly why: QuarantineReason
  /** Absolute path that the image had. */
  readonly image: string
  readonly bytes: number
  /** ISO 8601. */
  readonly until: string
  /** When the facts were gathered, ISO 8601. */
  readonly now: string
  /** Absolute paths of its files' names that something else has now. */
  readonly taken: readonly string[]
  /** Absolute paths of images that name it as a parent and cannot be read without it. */
  readonly dependents: readonly string[]
}
