import { deviceNumbers } from '../system/device-numbers.ts'

/** One lock of `/proc/locks` or of a `lock:` line in fdinfo, proc(5). */
export interface Lock {
  readonly kind: string
  readonly isExclusive: boolean
  /** -1: an open file description, which no process owns alone. */
  readonly pid: number
  /** `major:minor:inode` with the device in hexadecimal, as the kernel writes it. */
  readonly place: string
  readonly start: number
  /** Last byte that is locked. */
  readonly end: number
}

/**
 * Bytes by which QEMU tells other processes what it does with an image (block/file-posix.c): a lock on 100 + n says that it
 * has permission n, one on 200 + n that nobody else may have it.
 */
const qemu = { permissions: 100, unshared: 200, read: 0, write: 1, writeUnchanged: 2, resize: 3 } as const

/** Locked by who writes, or by who wants nobody to read. */
const writerBytes = [
  qemu.permissions + qemu.write,
  qemu.permissions + qemu.writeUnchanged,
  qemu.permissions + qemu.resize,
  qemu.unshared + qemu.read,
]

/** The locks that `text` tells; a lock that somebody waits for (`->`) is nobody's yet. */
export function parseLocks(text: string): readonly Lock[] {
  return text.split('\n').flatMap((line) => {
    const at = line.search(/\d+:\s+[A-Z]/u)
    const [, kind, , mode, pid, place, start, end] = at < 0 ? [] : line.slice(at).trim().split(/\s+/u)
    if (kind === undefined || place === undefined || end === undefined) return []
    return [
      {
        kind,
        isExclusive: mode === 'WRITE' || mode === 'RW',
        pid: Number(pid),
        place,
        start: Number(start),
        end: end === 'EOF' ? Infinity : Number(end),
      },
    ]
  })
}

/** Whether the holder of `lock` writes, or keeps others from reading; a lock that readers share does neither. */
export function isWritersLock({ kind, isExclusive, start, end }: Lock): boolean {
  // A lease is taken back by the kernel before another process gets at the file.
  if (kind === 'LEASE' || kind === 'DELEG') return false
  if (isExclusive) return true
  const isWholeFile = start === 0 && end === Infinity
  return !isWholeFile && writerBytes.some((byte) => start <= byte && byte <= end)
}

/** The `place` that the kernel writes for inode `ino` on the device `dev` of stat(2). */
export function placeOf(dev: bigint, ino: bigint): string {
  const [major, minor] = deviceNumbers(dev)
  const hex = (value: bigint) => value.toString(16).padStart(2, '0')
  return `${hex(major)}:${hex(minor)}:${ino}`
}
