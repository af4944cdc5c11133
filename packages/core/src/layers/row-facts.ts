import { describeContents } from '../scan/describe-contents.ts'
import type { ImageReport } from '../image/image-report.ts'
import { stripOf } from '../scan/shares.ts'

/** What a row of a list shows of an image, made of its newest report. */
export interface RowFacts {
  /** What the guest holds, in a few words; empty when nothing is known. */
  readonly contents: string
  /** Where its data lies, in 60 cells; null when that is not known. */
  readonly strip: string | null
}

export function rowFacts({ guest, allocation }: Pick<ImageReport, 'guest' | 'allocation'>): RowFacts {
  return {
    contents: guest ? describeContents(guest) : '',
    strip: allocation ? stripOf(allocation) : null,
  }
}
