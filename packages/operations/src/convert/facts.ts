import type { FormatName } from '@varve/core/image/format-rules'
import type { ImageReport } from '@varve/core/image/image-report'
import type { Problem } from '@varve/core/problems/problem'
import type { ImageAddress } from '../actions/image-address.ts'

/** What is to be known of an image that is copied. */
export interface SourceFacts {
  readonly address: ImageAddress
  readonly report: Pick<
    ImageReport,
    'format' | 'subformat' | 'virtualSize' | 'fileSize' | 'guest' | 'details' | 'snapshots' | 'problems'
  >
}

/** What has the name of a new image: nothing, a file, something else, the source itself, a file that the source is read from. */
export type TargetState = 'free' | 'no-folder' | 'file' | 'other' | 'source' | 'part'

export interface CopyFacts {
  /** Name of the host, as plans have it. */
  readonly host: string
  /** One for each source of the request, in its order; null: it cannot be looked at, see `problems`. */
  readonly sources: readonly (SourceFacts | null)[]
  /** By the path of each target. */
  readonly targets: Readonly<Record<string, TargetState>>
  /** The image below the new ones, with its format. */
  readonly backing: {
    readonly path: string
    readonly format: FormatName
    /** Bytes of its disk. */
    readonly virtualSize: number
  } | null
  /** Of the tool that is to write them; left out: none is. */
  readonly tool?: {
    readonly isThere: boolean
    /** Images of the chain of each source, in the order of `sources`. */
    readonly links: readonly number[]
  }
  /** Why something could not be looked at. */
  readonly problems: readonly Problem[]
}
