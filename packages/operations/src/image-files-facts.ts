import type { FormatName } from '@varve/core/image/format-rules'
import type { Uses } from '@varve/core/problems/use'

/** What belongs to an image as a thing of the host's: its files, and who needs them. */
export interface ImageFilesFacts {
  readonly host: string
  /** Absolute, its folder resolved; of a bundle its folder. */
  readonly path: string
  readonly format: FormatName | null
  readonly virtualSize: number | null
  /** Of all its files. */
  readonly bytes: number
  /** Absolute paths of its files in its folder, the image itself last. */
  readonly files: readonly string[]
  /** Absolute paths of parts that lie elsewhere: devices, files of other folders. */
  readonly elsewhere: readonly string[]
  /** Absolute path of the image that it is only a part of; null: it is an image of its own. */
  readonly partOf: string | null
  /** Absolute paths of the images whose disks change without it, the nearest first. */
  readonly dependents: readonly string[]
  /** The folders in which those were looked for, with all below them; none: nobody looked. */
  readonly searched: readonly string[]
  /** Where nobody looked for such images; null: it was looked everywhere that was to be. */
  readonly unseen: string | null
  /** Who uses its files. */
  readonly uses: Uses
  /** Files that describe virtual machines and name it as one of their disks. */
  readonly machines: readonly string[]
  /** The distribution of WSL whose disk it is; left out: none is known. */
  readonly distribution?: string
}
