import type { FormatName } from '@varve/core/image/format-rules'
import type { Problem } from '@varve/core/problems/problem'
import type { ImageFilesFacts } from '../image-files-facts.ts'

/** Whether this kernel makes block devices of a kind. */
export type KernelPart = 'there' | 'loadable' | 'missing'

/** What a host can make block devices with. */
export interface DeviceWays {
  /** `linux`, or another one that has none of these. */
  readonly system: string
  /** Whether this process may change the devices of the host. */
  readonly isRoot: boolean
  /** Whether it is the command on its own host: agents reach into their libraries only. */
  readonly isOwnHost: boolean
  readonly loop: KernelPart
  readonly nbd: KernelPart
  /** Names of tools that are found, of `losetup`, `nbd-client`, `qemu-nbd`, `mount`, `nbdfuse`, `guestmount`. */
  readonly tools: readonly string[]
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
  /** Findings that block reading it, or ask for a word before; who uses it is among them. */
  readonly problems: readonly Problem[]
  /** What belongs to it, where it is to be written to. */
  readonly files: ImageFilesFacts | null
  /** The device that it is attached as already. */
  readonly already: string | null
}
