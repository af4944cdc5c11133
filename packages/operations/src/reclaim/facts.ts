import type { FileAttribute } from '@varve/core/image/image-files'
import type { Survey } from '../actions/reclaim-survey.ts'
import type { DeviceWays } from '../attach/facts.ts'
import type { ChainChangeFacts } from '../chain-change/facts.ts'
import type { DistributionFacts, ResizeFacts } from '../resize/facts.ts'
import type { ResizedVolume } from '../volumes/resized.ts'

/** A volume that another one is to take the place of, which gave its free blocks back. */
export interface ReclaimedVolume extends ResizedVolume {
  /** Whether its device takes discards; null: the kernel does not tell. */
  readonly takesDiscards: boolean | null
  /** The device of the copy that is worked on, and what names it. */
  readonly work: ResizeFacts['work']
}

/** What the host found of an image that is to be written anew. */
export interface ReclaimFacts extends ChainChangeFacts {
  /** Without the zeros that only reading all data finds; null: it cannot be read. */
  readonly survey: Survey | null
  /** Null: it is a file. */
  readonly volume: ReclaimedVolume | null
  /** Left out: it is not to be done in place. */
  readonly inPlace?: InPlaceFacts
}

/** What a host found of an image that Windows is to compact in place. */
export interface InPlaceFacts {
  readonly ways: Pick<DeviceWays, 'system' | 'isRoot' | 'windows'>
  readonly hasDiskpart: boolean
  /** The device that it is attached as. */
  readonly already: string | null
  /** What the file is set as on its volume. */
  readonly attributes: readonly FileAttribute[]
  /** The distribution of WSL whose disk it is; null: it is of none. */
  readonly distribution: Omit<DistributionFacts, 'wsl'> | null
}
