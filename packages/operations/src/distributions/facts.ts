import type { ImageFilesFacts } from '../image-files-facts.ts'
import type { DistributionFacts } from '../resize/facts.ts'

/** The distribution of WSL that has an image as its disk. */
export interface OfDistribution extends DistributionFacts {
  /** Whether the file is sparse; null: that is not told. */
  readonly isSparse: boolean | null
}

/** An image, and the distribution whose disk it is; null: it is of none, or this is another system. */
export interface DistributionDiskFacts extends ImageFilesFacts {
  readonly ofWsl: OfDistribution | null
  /** Bytes that are free where the image lies; null: not told. */
  readonly free: number | null
  /** What its file takes on the host; null: not told. */
  readonly allocated: number | null
}
