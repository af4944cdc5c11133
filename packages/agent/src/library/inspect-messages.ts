import type { ReadingChoices } from '@varve/core/formats/reading-choices'
import type { ImageReport } from '@varve/core/layers/image-report'
import type { ErrorRecord } from '@varve/core/problems/disk-error'
import { z } from 'zod'

/** What a thread of the pool is started with. */
export const InspectWorkerData = z.object({ roots: z.array(z.string()) })

export interface InspectQuestion {
  readonly id: number
  readonly path: string
  readonly choices: ReadingChoices
}

export type InspectAnswer =
  { readonly id: number; readonly report: ImageReport } | { readonly id: number; readonly error: ErrorRecord }
