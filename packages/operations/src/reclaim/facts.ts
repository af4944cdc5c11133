import type { Survey } from '../actions/reclaim-survey.ts'
import type { ChainChangeFacts } from '../chain-change/facts.ts'

/** What the host found of an image that is to be written anew. */
export interface ReclaimFacts extends ChainChangeFacts {
  /** Without the zeros that only reading all data finds; null: it cannot be read. */
  readonly survey: Survey | null
}
