import type { FormatName } from '@varve/core/image/format-rules'
import type { Problem } from '@varve/core/problems/problem'
import type { MappedPiece } from '../actions/attached-device.ts'
import type { VhdBy } from '../actions/attached-vhd.ts'
import type { ImageFilesFacts } from '../image-files-facts.ts'

/** Whether this kernel makes block devices of a kind. */
export type KernelPart = 'there' | 'loadable' | 'missing'

/** What a host can make block devices with. */
export interface DeviceWays {
  /** `linux`, `win32`, `darwin`, or another one that has none of these. */
  readonly system: string
  /** Whether this process may change the devices of the host: root, or an elevated administrator. */
  readonly isRoot: boolean
  /** Whether it is the command on its own host: agents reach into their libraries only, and get no passphrases. */
  readonly isOwnHost: boolean
  readonly loop: KernelPart
  readonly nbd: KernelPart
  /** The device mapper. */
  readonly mapper: KernelPart
  /** Whether udev runs, which would look at the device and may activate what it finds there. */
  readonly hasUdev: boolean
  /** Names of tools that are found, of `losetup`, `nbd-client`, `qemu-nbd`, `mount`, `dmsetup`, `cryptsetup`, `nbdfuse`, `guestmount`. */
  readonly tools: readonly string[]
  /** Of Windows; left out: it is another system. */
  readonly windows?: WindowsWays
  /** Of macOS; left out: it is another system. */
  readonly macos?: MacWays
}

/** What macOS can attach an image by. */
export interface MacWays {
  /** Whether it has `diskutil image`, which attaches ASIF. */
  readonly hasImages: boolean
  /** Why its tools could not be asked, as a clause; null: they answered. */
  readonly unasked: string | null
}

/** What Windows can attach an image by. */
export interface WindowsWays {
  /** Null: neither module is there. */
  readonly by: VhdBy | null
  /** Why PowerShell could not be asked, as a clause; null: it answered. */
  readonly unasked: string | null
  /** Whether partitions may get folders and letters; left out: who may attach may that. */
  readonly mayMount?: boolean
}

/** A logical volume of the guest. */
export interface VolumeThere {
  readonly group: string
  readonly name: string
  readonly size: number
  /** Where all of it lies; null: it is not to be had. */
  readonly pieces: readonly MappedPiece[] | null
  /** Why it is not, as the end of a sentence. */
  readonly reason: string | null
  readonly filesystem: {
    readonly type: string
    readonly label: string | null
    readonly uuid: string | null
    /** Bytes of its blocks, or of the pages of swap. */
    readonly blockSize: number | null
    readonly state: 'clean' | 'dirty' | 'unknown'
  } | null
}

export interface AttachFacts {
  readonly host: string
  readonly ways: DeviceWays
  /** Absolute, links resolved; as it was asked for when it could not be found. */
  readonly image: string
  /** Null: it could not be looked at. */
  readonly format: FormatName | null
  readonly virtualSize: number | null
  /** Whether the bytes of its one file are the disk. */
  readonly isPlainRaw: boolean
  /** Bytes of the sectors that its partition table counts in. */
  readonly sectorSize: 512 | 4096
  readonly volumes: readonly VolumeThere[]
  /** Findings that block reading it, or ask for a word before; who uses it is among them. */
  readonly problems: readonly Problem[]
  /** What belongs to it, where it is to be written to. */
  readonly files: ImageFilesFacts | null
  /** The device that it is attached as already. */
  readonly already: string | null
  /** Of macOS: the file that throw-away writes of this image go into; left out: this host keeps nothing. */
  readonly shadow?: string
}
