import type { DiskImageBy, ShownMacDisk } from '@varve/operations/actions/mac-disk'
import type { AttachedNote } from './attached-notes.ts'

/** What is noted of an attachment of macOS besides. */
export interface OwnMacNote {
  readonly by: DiskImageBy
  readonly purpose: 'attach' | 'mount'
  /** The disk that it became, once that is known: others may attach the same image too. */
  readonly device: string | null
  /** The process of macOS that answers for it; null: not told. */
  readonly pid: number | null
  /** Takes what is written, and goes with the disk; null: there is none. */
  readonly shadow: string | null
  readonly mounts: readonly { readonly folder: string; readonly isFolderOurs: boolean }[]
}

/** That Varve has attached an image to macOS. */
export type MacNote = AttachedNote & OwnMacNote

/** An image that macOS has made a disk. */
export interface AttachedMacImage {
  /** Links resolved where the file is there. */
  readonly image: string
  readonly disk: ShownMacDisk
  readonly mounts: readonly { readonly device: string; readonly folder: string }[]
  readonly pid: number | null
  /** Null: others have attached it. */
  readonly note: MacNote | null
}

export interface MacDisksNow {
  /** Whether it has `diskutil image`, which attaches ASIF. */
  readonly hasImages: boolean
  readonly disks: readonly AttachedMacImage[]
  /** What Varve attached, and is attached no more. */
  readonly gone: readonly MacNote[]
}

/** What this Mac knows, asked now; all throw coded errors. */
export interface MacHost {
  /**
   * Disks that it makes of image files; `notesFolder`: where Varve notes what it attaches. `isBrief`: without partitions and the roles
   * of volumes, which are asked one by one.
   */
  disks(notesFolder: string | null, options?: { readonly isBrief?: boolean }): Promise<MacDisksNow>
  /** Images that are attached, by their disks; what was asked a moment ago is believed. */
  attachedImages(): Promise<
    readonly { readonly image: string; readonly device: string; readonly isReadOnly: boolean }[]
  >
}
