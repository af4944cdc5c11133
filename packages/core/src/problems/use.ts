/** One way in which somebody uses a file; data only, `describeUses` has the words. */
export type Use =
  | ProcessUse
  /** A lock whose holder is not known, such as that of an open file description of another user. */
  | { readonly by: 'lock'; readonly lock: string }
  /** A block device of the kernel that the file lies behind; `pid`: the process that serves it. */
  | { readonly by: 'loop' | 'mapping'; readonly device: string }
  | { readonly by: 'nbd'; readonly device: string; readonly pid: number }
  | { readonly by: 'mount'; readonly at: string }
  | { readonly by: 'swap' }
  /** Storage that the kernel serves to others. */
  | { readonly by: 'kernel-target'; readonly protocol: 'scsi' | 'nvme'; readonly target: string }
  /** Attached as a disk: to a machine of Hyper-V, or (null) to Windows itself, or to macOS, which gives it a device. */
  | { readonly by: 'attached'; readonly machine: string | null; readonly device?: string }
  /** Checkpoints of a machine stand on it. */
  | { readonly by: 'checkpoints'; readonly machine: string }
  /** A distribution of WSL that runs, or is being changed by WSL. */
  | { readonly by: 'distribution'; readonly name: string }
  | ExportUse
  | RunUse
  /** An image that is made over it. */
  | { readonly by: 'child'; readonly image: string }
  /** A virtual machine; `definition`: the file that names the disk. */
  | { readonly by: 'machine'; readonly definition: string }

export interface ProcessUse {
  readonly by: 'process'
  readonly pid: number
  readonly command: string
  /** `locks`: it holds a lock, and may only read. */
  readonly how: 'writes' | 'locks' | 'reads'
}

/** Served over NBD by that process of Varve's; `host`: another one than this, or null. */
export interface ExportUse {
  readonly by: 'export'
  readonly pid: number
  readonly host: string | null
}

/** A run of operations that is not over. */
export interface RunUse {
  readonly by: 'run'
  readonly run: string
  /** What it does, in one line. */
  readonly operation: string
  readonly of: RunPlace
  /** The host that it works on it from. */
  readonly host: string
  /** The process that works on it now; null: none does. */
  readonly pid: number | null
}

/** `host`: begun by the command on one host; `fleet`: begun by the controller. */
export type RunPlace = 'host' | 'fleet'

/** What could not be looked at. */
export type Unseen =
  | { readonly what: 'processes-of-others'; readonly count: number }
  | { readonly what: 'not-told'; readonly system: string }
  | { readonly what: 'no-proc' }
  | { readonly what: 'other-users' }
  | { readonly what: 'tool-failed'; readonly tool: string }

/** Who uses some files, as of one moment. */
export interface Uses {
  readonly files: readonly FileUses[]
  readonly unseen: readonly Unseen[]
}

export interface FileUses {
  readonly path: string
  readonly uses: readonly Use[]
}

/** Nobody uses anything. */
export const noUses: Uses = { files: [], unseen: [] }
