import type { ReadingChoices } from '@varve/core/image/reading-choices'
import type { FormatName } from '@varve/core/image/format-rules'
import type { ImageReport } from '@varve/core/image/image-report'
import { fromErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import { z } from 'zod'
import type { Asked } from './asked.ts'

/** What a thread of the pool is started with. */
export const InspectWorkerData = z.object({ roots: z.array(z.string()) })

/** What somebody said about an image: plain data, it crosses to a thread. */
export interface HowToRead {
  /** Null: it is detected. */
  readonly format: FormatName | null
  readonly choices?: ReadingChoices | undefined
  /** The formats of its parents, by their paths. */
  readonly told?: ReadonlyMap<string, FormatName> | undefined
}

export interface InspectQuestion {
  readonly id: number
  readonly path: string
  readonly how: HowToRead
}

/** What a look at one image found, and what that depends on. */
export interface Inspection {
  readonly outcome: { readonly report: ImageReport } | { readonly error: ErrorRecord }
  /** Every name that was asked for, found or not. */
  readonly asked: readonly Asked[]
  /** Files that hold bytes of the image or of its parents, and are no images of their own. */
  readonly parts: readonly string[]
}

export interface InspectAnswer extends Inspection {
  readonly id: number
}

/** The report of an inspection; throws the coded error with which it ended. */
export function reportOf({ outcome }: Pick<Inspection, 'outcome'>): ImageReport {
  if ('report' in outcome) return outcome.report
  throw fromErrorRecord(outcome.error)
}
