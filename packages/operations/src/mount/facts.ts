import type { AttachFacts } from '../attach/facts.ts'

/** A filesystem of the disk that could be meant. */
export interface FilesystemThere {
  /** Null: it is the whole disk. */
  readonly partition: number | null
  /** At which byte of the disk it begins; left out: it is not needed there. */
  readonly start?: number
  readonly type: string
  readonly label: string | null
  readonly uuid: string | null
  readonly state: 'clean' | 'dirty' | 'unknown'
}

export interface MountFacts extends AttachFacts {
  /** Absolute, links resolved. */
  readonly folder: string
  /** `nowhere`: its own folder is not there. */
  readonly folderIs: 'missing' | 'empty' | 'used' | 'no-folder' | 'mount-point' | 'nowhere'
  readonly filesystems: readonly FilesystemThere[]
  /** What lies in partitions that hold no filesystem, such as `lvm2`. */
  readonly others: readonly { readonly partition: number | null; readonly type: string }[]
  /** The attachment that is live already, read-only and without an overlay. */
  readonly attached: {
    readonly attachment: string
    readonly device: string
    /** What is mapped over it, by its devices. */
    readonly volumes: readonly string[]
  } | null
  /** UUIDs of Btrfs filesystems that this host has mounted: a second one of that UUID would be mixed up with it. */
  readonly hostBtrfs: readonly string[]
  /** Of Windows: what the folder lies on, as it calls it; null or left out: it does not tell. */
  readonly hostFilesystem?: string | null
}
