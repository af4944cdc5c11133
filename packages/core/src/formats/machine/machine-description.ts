import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import type { Problem } from '../../problems/problem.ts'
import type { Architecture, Firmware } from '../../image/image-choices.ts'

/** `disk`: what the guest sees as a hard disk; `disc`: a CD; `other`: firmware, kernels and flash, which are no disks. */
export type DriveKind = 'disk' | 'disc' | 'other'

/** A drive that a machine's definition names. */
export interface MachineDrive {
  /** As the definition calls it. */
  readonly id: string
  /** Among all drives, from 1. */
  readonly number: number
  readonly kind: DriveKind
  /** The file or bundle, from the folder of the definition; null: removable or outside the machine's folder. */
  readonly reference: string | null
  /** In the product's words, such as `VirtIO`. */
  readonly interface: string | null
  readonly isReadOnly: boolean
}

/** What a machine's folder says of it, as far as it is sure. */
export interface MachineDescription {
  /** Such as `version 4, QEMU`. */
  readonly kind: string
  readonly name: string
  /** Lower case; null: it has none. */
  readonly uuid: string | null
  readonly architecture: Architecture | (string & {}) | null
  /** Null: not said; 0: as many as the host likes. */
  readonly cpus: number | null
  /** Bytes. */
  readonly memory: number | null
  readonly firmware: Firmware | null
  readonly drives: readonly MachineDrive[]
  /** In words, such as `Shared, virtio-net-pci, 02:00:00:00:00:01`. */
  readonly interfaces: readonly string[]
  readonly problems: readonly Problem[]
}

/** How the definitions of one product are read. */
export interface MachineFormat {
  readonly format: 'utm' | 'pvm'
  /** In messages, such as `UTM machine`. */
  readonly label: string
  /** Throws a coded error for what cannot be understood. */
  readonly read: (file: ImageFile, ports: ImagePorts) => Promise<MachineDescription>
}
