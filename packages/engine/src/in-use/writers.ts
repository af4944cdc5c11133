/** A process (or the kernel, pid 0) that may write to a file. */
export interface Writer {
  readonly pid: number
  readonly command: string
}

/** A file as the kernel knows it, whatever its name; stat(2) with `bigint` gives one. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
  /** The device that it is, for a block device: its nodes may be many. */
  readonly rdev?: bigint
  readonly isBlockDevice?: () => boolean
}

/** Who may write to which file, as of one moment; Varve's own processes are left out. */
export interface OpenWriters {
  of(file: FileIdentity): readonly Writer[]
  /** What could not be looked at, in words that finish "not seen: …"; null: everything was. */
  readonly unseen: string | null
}

export interface FindWritersOptions {
  /** Which locks make a process one that writes: those of writers (the default), or all, for who is about to write itself. */
  readonly locks?: 'writers' | 'all'
  /** Which descriptors do: those that may write (the default), or all, for who asks whether anybody needs a file. */
  readonly descriptors?: 'writing' | 'all'
  /** The only files that will be asked about; default: any. */
  readonly only?: readonly FileIdentity[]
}

/** Looks who may write to files; `only` are those that will be asked about, null: any. */
export type FindWriters = (only: readonly FileIdentity[] | null) => Promise<OpenWriters>

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

/** Who writes, in words, such as `qemu-system-x86 (process 4242)`; at most three are named. */
export function describeWriters(writers: readonly Writer[]): string {
  const named = writers
    .slice(0, 3)
    .map(({ pid, command }) => (pid === 0 ? command : `${command} (process ${pid})`))
  const rest = writers.length - named.length
  return named.join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
