import type { FormatName } from '@varve/core/image/format-rules'
import type { Uses } from '@varve/core/problems/use'
import type { MovedFile } from '../actions/move-image.ts'
import type { OfDistribution } from '../distributions/facts.ts'
import type { ImageFilesFacts } from '../image-files-facts.ts'

/** An image that has to name another file as its parent when it, or its parent, is elsewhere. */
export interface NamesParent {
  /** Absolute path of the image, as it is now. */
  readonly path: string
  readonly format: FormatName
  /** Whether Varve can rewrite the name. */
  readonly isWritten: boolean
}

/** One that is made over the image, or over a file of it. */
export interface ChildOfMoved extends NamesParent {
  /** What it has to name; null format: the image is read as it is detected. */
  readonly parent: { readonly path: string; readonly format: FormatName | null }
}

export interface MoveFacts extends ImageFilesFacts {
  /** Absolute path that the image is to get, its folder resolved. */
  readonly target: string
  /** Its files with the names that they are to get, the image itself last. */
  readonly moves: readonly MovedFile[]
  /** New names that something has already. */
  readonly taken: readonly string[]
  /** Whether a rename does it. */
  readonly isOneFilesystem: boolean
  /** Bytes that are free where it is to lie; null: not known. */
  readonly free: number | null
  /** Its own parent, when it is named from the folder that the image is in; null: no name breaks. */
  readonly parent: { readonly path: string; readonly format: FormatName; readonly isWritten: boolean } | null
  /** The images that name it, or a part of it that gets another name, as their parent. */
  readonly children: readonly ChildOfMoved[]
  /** Why images cannot hold the new name of their parent, as their formats say it. */
  readonly unnameable: readonly { readonly path: string; readonly reason: string }[]
  /** The format that the new name promises, when the image is of another one. */
  readonly promised: FormatName | null
  /** Who uses one of the children. */
  readonly childUses: Uses
  /** The distribution of WSL that moves its disk itself; left out: it is of none. */
  readonly ofWsl?: OfDistribution
}
