import type { Unseen, Use } from '@varve/core/problems/use'

/** A file as the kernel knows it, whatever its name; stat(2) with `bigint` gives one. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
  /** The device that it is, for a block device: its nodes may be many. */
  readonly rdev?: bigint
  readonly isBlockDevice?: () => boolean
}

/** Who uses which file, as the system tells it at one moment; Varve's own processes are left out. */
export interface OpenWriters {
  of(file: FileIdentity): readonly Use[]
  /** What could not be looked at. */
  readonly unseen: readonly Unseen[]
}

export interface FindWritersOptions {
  /** Which locks make a process one that writes: those of writers (the default), or all, for who is about to write itself. */
  readonly locks?: 'writers' | 'all'
  /** Which descriptors do: those that may write (the default), or all, for who asks whether anybody needs a file. */
  readonly descriptors?: 'writing' | 'all'
  /** The only files that will be asked about; default: any. */
  readonly only?: readonly FileIdentity[]
  /** Paths of files that will be asked about, for systems that know who has a file open by its name. */
  readonly named?: readonly string[]
}

/** Asks the system who uses files. */
export type FindWriters = (options?: FindWritersOptions) => Promise<OpenWriters>

const own = new Set([process.pid])

/** Takes `pid`, a process that Varve started, and what it starts for Varve itself until the disposal. */
export function markOwn(pid: number): Disposable {
  own.add(pid)
  return { [Symbol.dispose]: () => void own.delete(pid) }
}

/** Whether `pid` is Varve, or was started by a process that is. `parentOf` gives 0 where nobody knows. */
export function isOwn(pid: number, parentOf: (pid: number) => number): boolean {
  if (own.has(pid)) return true
  // Children of this process that nobody marked are programs of their own.
  for (let at = parentOf(pid), depth = 0; at > 1 && depth < 64; at = parentOf(at), depth += 1) {
    if (at === process.pid) return false
    if (own.has(at)) return true
  }
  return false
}
