import type { FormatName } from '@varve/core/image/format-rules'
import type { Problem } from '@varve/core/problems/problem'

/** What lies in the hidden file of an upload. */
export interface UploadFacts {
  readonly host: string
  /** Bytes that have arrived; null: nothing is there. */
  readonly arrived: number | null
  /** Whether something has the name already. */
  readonly isTaken: boolean
  /** As an image; null: it cannot be told. */
  readonly image: { readonly format: FormatName; readonly virtualSize: number | null } | null
  /** What was found in it. */
  readonly found: readonly Problem[]
  /** What could not be looked at. */
  readonly problems: readonly Problem[]
}
