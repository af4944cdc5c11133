import type { Problem } from '@varve/core/problems/problem'
import type { SourceFacts } from '../convert/facts.ts'

/** What is known of an export that is to be written. */
export interface ExportFacts {
  readonly host: string
  /** Null: it cannot be looked at, see `problems`. */
  readonly source: SourceFacts | null
  readonly target: { readonly size: number; readonly isReadOnly: boolean } | null
  readonly problems: readonly Problem[]
}
