import type { FormatName } from '@varve/core/image/format-rules'
import type { Problem } from '@varve/core/problems/problem'

export interface ChainFileFacts {
  readonly path: string
  readonly format: FormatName
  readonly virtualSize: number | null
}

/** What the host found. */
export interface ChainRepointFacts {
  readonly host: string
  /** What speaks against it. */
  readonly problems: readonly Problem[]
  /** Whether Hyper-V is there; left out: it is not asked. */
  readonly hasHyperV?: boolean
  /** Null: it is not possible, and `problems` says why. */
  readonly repoint: {
    readonly image: ChainFileFacts
    readonly parent: ChainFileFacts
    /** The parent as it is named now, where it can be read; else why not. */
    readonly old: Pick<ChainFileFacts, 'path' | 'format'> | { readonly missing: string }
    /** What would be written, in sentences. */
    readonly says: readonly string[]
    /** Bytes that would be written; 0: it is named so already. */
    readonly bytes: number
  } | null
}
