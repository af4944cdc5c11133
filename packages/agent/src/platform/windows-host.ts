import type { WslDistribution } from '@varve/protocol/distributions'
import type { HyperVMachine, MachinesTold } from '@varve/protocol/machines'
import type { ShownDisk, VhdBy } from '@varve/operations/actions/attached-vhd'
import type { AttachedNote } from './attached-notes.ts'

/** A folder or a drive letter that Varve gave a partition. */
export interface VhdMount {
  readonly folder: string
  /** At which byte of the disk the partition begins. */
  readonly start: number
  readonly isFolderOurs: boolean
  /** The disk was brought online for it. */
  readonly wasOffline: boolean
}

/** That Varve has attached an image to Windows. */
export interface VhdNote extends AttachedNote {
  readonly by: VhdBy
  /** It goes when the last mount of it ends. */
  readonly isForMount: boolean
  /** Noted before they are made. */
  readonly mounts: readonly VhdMount[]
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
  /** Whether partitions may get folders and letters; left out: who may attach may that. */
  readonly mayMount?: boolean
  readonly disks: readonly AttachedVhd[]
  /** What Varve attached, and is attached no more. */
  readonly gone: readonly VhdNote[]
}

export interface MachinesNow {
  readonly told: MachinesTold
  readonly machines: readonly HyperVMachine[]
}

export interface DistributionsNow {
  readonly distributions: readonly WslDistribution[]
  /** Folders of local data of the users whose distributions are all told. */
  readonly seenBelow: readonly string[]
  /** Users whose settings are loaded and not shown to this account. */
  readonly hidden: readonly string[]
}

/** What this Windows knows, asked now; all throw coded errors. */
export interface WindowsHost {
  /** Disks that it makes of image files; `notesFolder`: where Varve notes what it attaches. */
  disks(notesFolder: string | null): Promise<WindowsDisksNow>
  /** Those of Hyper-V. */
  machines(): Promise<MachinesNow>
  /** Lets those open `to` who may open `from`, which need not be there; throws `not-writable`. */
  copyAccess(from: string, to: string): Promise<void>
  /** Those of WSL. */
  distributions(): Promise<DistributionsNow>
  /** Of WSL, such as `2.5.7.0`; null: it does not tell. */
  wslVersion(): Promise<string | null>
}
