import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { HostPlace } from '@varve/core/image/image-files'

/** What `cloneRange` shares; all in bytes. */
export interface RangeClone {
  readonly sourceFd: number
  readonly sourceAt: number
  readonly targetFd: number
  readonly targetAt: number
  readonly length: number
}

/**
 * What a host can do with parts of files beyond reading and writing them. All calls are synchronous: they touch metadata
 * only. A failed call throws a `SystemError`; a call that this host or filesystem does not offer answers `false` or
 * `null`, and the caller does it the plain way.
 */
export interface FileRanges {
  readonly name: string
  /** First byte of data at or after `at`, or null when only a hole follows. */
  nextData(fd: number, at: number): number | null
  /** First byte of a hole at or after `at`; the end of the file is a hole. Null when `at` is past it. */
  nextHole(fd: number, at: number): number | null
  /** Gives the blocks of `range` back to the filesystem; it reads as zeros then, and the size stays. */
  punchHole(fd: number, range: ByteRange): boolean
  /** Gives whole units of a block device in `range` back to what is below it; what they read as then is the device's to say. */
  discard(fd: number, range: ByteRange): boolean
  /** Makes a range of the target share the blocks of one of the source (same filesystem, copy-on-write, whole blocks). */
  cloneRange(clone: RangeClone): boolean
  /**
   * Makes the new file `target` share all blocks of a file, for hosts that share no parts of one. Throws `EEXIST`; false: nothing
   * was made.
   */
  cloneFile(sourceFd: number, target: string): boolean
  /** Reserves blocks for `range` without writing; the file grows when the range ends beyond it. */
  allocate(fd: number, range: ByteRange): boolean
  /**
   * Has what was written to `range` go to the medium from now on, without waiting for it; what fails there is told by the
   * next sync of the file. False where the host cannot be asked: then it goes when the file is synced.
   */
  startWriting(fd: number, range: ByteRange): boolean
  /**
   * Has an empty file keep holes where nothing is written. False where it does not: such a file of Windows gets its zeros written,
   * as a VHD or VHDX must, which Hyper-V opens only whole.
   */
  keepHoles(fd: number, path: string): boolean
  /** Has an empty file written in place from now on, by a filesystem that copies on write else (`chattr +C`). */
  writeInPlace(fd: number): boolean
  /** Whether data gets below `path` faster when its blocks are allocated before it is written. */
  allocatesFaster(path: string): boolean
  /** Renames; throws `EEXIST` when there is something named `to`. */
  renameNoReplace(from: string, to: string): void
  /** Both get the other's name in one step; false: this host or filesystem cannot do that. */
  exchange(one: string, other: string): boolean
  /** Bytes of a block device, or null when the host does not tell. */
  deviceSize(fd: number): number | null
  /** L1 and L0 below `path`. */
  filesystemOf(path: string): HostPlace
}
