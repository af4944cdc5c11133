export interface AttachedMount {
  /** Absolute. */
  readonly folder: string
  /** Whether it was made for the mount, and goes with it. */
  readonly isFolderOurs: boolean
}

/** An image that is, or is about to be, a block device of this host. */
export interface Attachment {
  readonly version: 1
  readonly id: string
  /** Absolute, links resolved. */
  readonly image: string
  /** `nbd-client`: a process of Varve's serves it; `qemu-nbd`: the same, or, where it is written to, qemu-nbd itself. */
  readonly how: 'loop' | 'nbd-client' | 'qemu-nbd'
  readonly device: string
  /** Whether nothing is written to the image. */
  readonly isReadOnly: boolean
  /** Whether the device takes writes that are thrown away. */
  readonly isThrowAway: boolean
  /** A mount takes the device away again when it ends. */
  readonly purpose: 'attach' | 'mount'
  readonly madeAt: string
  /** Whether all of it was done. */
  readonly isComplete: boolean
  readonly mounts: readonly AttachedMount[]
}
