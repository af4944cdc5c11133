import type { ShownDisk, VhdBy } from '@varve/operations/actions/attached-vhd'

/** That Varve has attached an image to Windows. */
export interface VhdNote {
  readonly image: string
  readonly by: VhdBy
  readonly isReadOnly: boolean
  readonly madeAt: string
}

/** An image that Windows has made a disk. */
export interface AttachedVhd {
  readonly image: string
  readonly disk: ShownDisk
  /** Drive letters and folders of its volumes. */
  readonly mounts: readonly { readonly device: string; readonly folder: string }[]
  /** Null: others have attached it. */
  readonly note: VhdNote | null
}

export interface WindowsDisksNow {
  /** What others can be attached by; null: nothing. */
  readonly by: VhdBy | null
  readonly isElevated: boolean
  readonly disks: readonly AttachedVhd[]
  /** What Varve attached, and is attached no more. */
  readonly gone: readonly VhdNote[]
}

/** Disks that Windows makes of image files. */
export interface WindowsDisks {
  /** Asked now; `notesFolder`: where Varve notes what it attaches. Throws what a script does. */
  now(notesFolder: string | null): Promise<WindowsDisksNow>
}
