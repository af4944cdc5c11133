import { closeSync, constants, openSync, statfsSync } from 'node:fs'
import { constants as systemConstants } from 'node:os'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { untouched } from '../system/end-thread.ts'
import { SystemError } from '../system/system-error.ts'
import type { FileRanges } from './file-ranges.ts'
import { linuxPlaces } from './linux-place.ts'
import { loadKoffi } from './load-koffi.ts'

// Values of the kernel's interface: lseek(2), fallocate(2), sync_file_range(2), ioctl_ficlonerange(2), renameat2(2).
const seekEnd = 2
const seekData = 3
const seekHole = 4
const keepSize = 0x01
const punch = 0x02
const startsWriting = 0x02
const cloneRange = 0x4020_940d
// BLKDISCARD of linux/fs.h.
const blockDiscard = 0x1277
const currentFolder = -100
const noReplace = 1
const exchangeNames = 2
// ioctl_iflags(2); the numbers are those of a long, the value is an int.
const getFlags = 0x8008_6601
const setFlags = 0x4008_6602
const noCowFlag = 0x0080_0000
// Of ext2, ext3 and ext4, statfs(2).
const extMagic = 0xef53
// struct xfs_fsop_geom, ioctl_xfs_fsgeometry(2).
const xfsGeometry = 0x8100_587e
const xfsGeometrySize = 256
const xfsFlagsOffset = 92
const xfsReflinkFlag = 0x0010_0000

function libc() {
  const koffi = loadKoffi()
  const library = koffi.load(null)
  return {
    koffi,
    lseek: library.func('int64_t lseek(int fd, int64_t offset, int whence)'),
    fallocate: library.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)'),
    syncFileRange: library.func('int sync_file_range(int fd, int64_t offset, int64_t length, uint flags)'),
    ioctlFrom: library.func('int ioctl(int fd, ulong request, _In_ uint8_t *argument)'),
    ioctlInto: library.func('int ioctl(int fd, ulong request, _Out_ uint8_t *answer)'),
    renameat2: library.func('int renameat2(int fromFolder, str from, int toFolder, str to, uint flags)'),
  }
}

let loaded: ReturnType<typeof libc> | null = null

/** The system's C library, loaded at first use; a thread that is ended while it does so would take the process with it. */
function system() {
  loaded ??= untouched(libc)
  return loaded
}

const { errno: errnos } = systemConstants

const notOffered = new Set([
  'EOPNOTSUPP',
  'ENOTSUP',
  'ENOSYS',
  'EINVAL',
  'EXDEV',
  'ENOTTY',
  'ETXTBSY',
  'EPERM',
  'EISDIR',
])

/** The result of a call, or `otherwise` when the system or the filesystem does not offer it. */
function attempt<Otherwise>(
  syscall: string,
  call: () => number | bigint,
  otherwise: Otherwise,
): number | Otherwise {
  for (;;) {
    const result = Number(call())
    if (result >= 0) return result
    const error = new SystemError(system().koffi.errno(), syscall)
    if (error.code === 'EINTR') continue
    if (notOffered.has(error.code)) return otherwise
    throw error
  }
}

/** Bytes to the next data or hole, or null at the end; a filesystem without an answer is all data. */
function seek(fd: number, at: number, whence: number): number | null | 'unknown' {
  const answer = Number(system().lseek(fd, at, whence))
  if (answer >= 0) return answer
  // Asked for each file with a hole at its end: no error is made for it, which would cost more than the call.
  if (system().koffi.errno() === errnos.ENXIO) return null
  return attempt('lseek', () => system().lseek(fd, at, whence), 'unknown')
}

function lengthOf({ start, end }: ByteRange): number {
  return end - start
}

const placeOf = linuxPlaces()

/** `FileRanges` by the system calls of Linux, through koffi. */
export const linuxFileRanges: FileRanges = {
  name: 'linux',
  nextData(fd, at) {
    const found = seek(fd, at, seekData)
    return found === 'unknown' ? at : found
  },
  nextHole(fd, at) {
    const found = seek(fd, at, seekHole)
    return found === 'unknown' ? this.deviceSize(fd) : found
  },
  punchHole(fd, range) {
    const call = () => system().fallocate(fd, keepSize | punch, range.start, lengthOf(range))
    return attempt('fallocate', call, null) !== null
  },
  discard(fd, range) {
    const fields = BigUint64Array.from([range.start, lengthOf(range)], BigInt)
    const argument = new Uint8Array(fields.buffer)
    return attempt('ioctl', () => system().ioctlFrom(fd, blockDiscard, argument), null) !== null
  },
  cloneRange({ sourceFd, sourceAt, targetFd, targetAt, length }) {
    const fields = BigUint64Array.from([sourceFd, sourceAt, length, targetAt], BigInt)
    const argument = new Uint8Array(fields.buffer)
    return attempt('ioctl', () => system().ioctlFrom(targetFd, cloneRange, argument), null) !== null
  },
  cloneFile: () => false,
  allocate(fd, range) {
    return attempt('fallocate', () => system().fallocate(fd, 0, range.start, lengthOf(range)), null) !== null
  },
  startWriting(fd, range) {
    const call = () => system().syncFileRange(fd, range.start, lengthOf(range), startsWriting)
    return attempt('sync_file_range', call, null) !== null
  },
  keepHoles: () => true,
  writeInPlace(fd) {
    const flags = new Uint32Array(2)
    const bytes = new Uint8Array(flags.buffer)
    if (attempt('ioctl', () => system().ioctlInto(fd, getFlags, bytes), null) === null) return false
    flags[0] = (flags[0] ?? 0) | noCowFlag
    if (attempt('ioctl', () => system().ioctlFrom(fd, setFlags, bytes), null) === null) return false
    // Btrfs takes the flag for a file with data, and does nothing.
    return isWrittenInPlace(fd) === true
  },
  // ext4 notes each block of data whose place is not decided yet: measured, that is two fifths of the time of a write.
  // XFS and Btrfs gain nothing, and on Btrfs data in allocated blocks is not compressed.
  allocatesFaster: (path) => statfsSync(path).type === extMagic,
  renameNoReplace(from, to) {
    const call = () => system().renameat2(currentFolder, from, currentFolder, to, noReplace)
    const result = Number(call())
    if (result !== 0) throw new SystemError(system().koffi.errno(), 'renameat2')
  },
  exchange(one, other) {
    const call = () => system().renameat2(currentFolder, one, currentFolder, other, exchangeNames)
    return attempt('renameat2', call, null) !== null
  },
  deviceSize(fd) {
    const end = seek(fd, 0, seekEnd)
    return end === 'unknown' ? null : end
  },
  filesystemOf(path) {
    const place = placeOf(path)
    if (place.filesystem === 'xfs') return { ...place, copyOnWrite: asOpened(path, xfsShares) }
    const isInPlace = place.filesystem === 'btrfs' && asOpened(path, isWrittenInPlace) === true
    return isInPlace ? { ...place, copyOnWrite: false } : place
  },
}

/** What the filesystem says of an open file; null where it says nothing, or the file cannot be opened. */
function asOpened(path: string, ask: (fd: number) => boolean | null): boolean | null {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return null
  }
  try {
    return ask(fd)
  } finally {
    closeSync(fd)
  }
}

/** Whether an XFS was made with reflinks; null when it does not say. */
function xfsShares(fd: number): boolean | null {
  const geometry = new Uint8Array(xfsGeometrySize)
  const answer = attempt('ioctl', () => system().ioctlInto(fd, xfsGeometry, geometry), null)
  if (answer === null) return null
  return (new DataView(geometry.buffer).getUint32(xfsFlagsOffset, true) & xfsReflinkFlag) !== 0
}

/** Whether a file of Btrfs has the attribute of chattr(1) `C`; null when it does not say. */
function isWrittenInPlace(fd: number): boolean | null {
  const flags = new Uint32Array(2)
  const answer = attempt('ioctl', () => system().ioctlInto(fd, getFlags, new Uint8Array(flags.buffer)), null)
  return answer === null ? null : ((flags[0] ?? 0) & noCowFlag) !== 0
}
