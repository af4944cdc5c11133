import type { HyperVMachine, MachinesTold } from '@varve/protocol/machines'
import type { ShownDisk, VhdBy } from '@varve/operations/actions/attached-vhd'

/** That Varve has attached an image to Windows. */
export interface VhdNote {
  /** Of the attempt that attached it: another one takes nothing of it away. */
  readonly attachment: string
  readonly image: string
  readonly by: VhdBy
  readonly isReadOnly: boolean
  readonly madeAt: string
  /** It was begun, and how it ended is not known: its disk may come later. */
  readonly isPending: boolean
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
  readonly mayAttach: boolean
  readonly disks: readonly AttachedVhd[]
  /** What Varve attached, and is attached no more. */
  readonly gone: readonly VhdNote[]
}

export interface MachinesNow {
  readonly told: MachinesTold
  readonly machines: readonly HyperVMachine[]
}

/** What this Windows knows, asked now; both throw coded errors. */
export interface WindowsHost {
  /** Disks that it makes of image files; `notesFolder`: where Varve notes what it attaches. */
  disks(notesFolder: string | null): Promise<WindowsDisksNow>
  /** Those of Hyper-V. */
  machines(): Promise<MachinesNow>
}
