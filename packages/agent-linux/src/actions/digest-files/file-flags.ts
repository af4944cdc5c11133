import { closeSync, constants, openSync } from 'node:fs'
import { constants as system } from 'node:os'
import { loadKoffi } from '@varve/engine/file-ranges/load-koffi'
import { SystemError } from '@varve/engine/system/system-error'

/** What chattr(1) and xfs_io(8) set of a file or a folder, which no attribute tells. */
export interface FileFlags {
  /** Of struct fsxattr: immutable, append only, no dump, of a project, … */
  readonly common: number
  readonly extentSize: number
  readonly project: number
  readonly sharedExtentSize: number
  /** Of ext alone: contents in the journal, folders written at once, top of a tree. */
  readonly ext: number
}

const koffi = loadKoffi()
const library = koffi.load(null)
const ioctl = library.func('int ioctl(int fd, ulong request, _Inout_ uint8_t *argument)')

// ioctl_fssetxattr(2), ioctl_iflags(2); the numbers of the latter are those of a long, the value is an int.
const calls = { get: 0x801c_581f, set: 0x401c_5820, getExt: 0x8008_6601, setExt: 0x4008_6602 }
const fsxattrSize = 28
/** Immutable, append, sync, no atime, no dump, project of what is made, no links, extent sizes, no defragmentation, streams, DAX. */
const keptCommon =
  0x8 | 0x10 | 0x20 | 0x40 | 0x80 | 0x200 | 0x400 | 0x800 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x10000
const keptExt = 0x4000 | 0x10000 | 0x20000
const notOffered = new Set([
  system.errno.ENOTTY,
  system.errno.ENOTSUP,
  system.errno.EOPNOTSUPP,
  system.errno.EINVAL,
])

/** Null: the filesystem has none for that file. */
export function flagsOf(path: Buffer): FileFlags | null {
  return opened(path, (fd) => {
    const fields = Buffer.alloc(fsxattrSize)
    if (!isDone(fd, calls.get, fields)) return null
    const ext = Buffer.alloc(8)
    const hasExt = isDone(fd, calls.getExt, ext)
    return {
      common: fields.readUInt32LE(0) & keptCommon,
      extentSize: fields.readUInt32LE(4),
      project: fields.readUInt32LE(12),
      sharedExtentSize: fields.readUInt32LE(16),
      ext: hasExt ? ext.readUInt32LE(0) & keptExt : 0,
    }
  })
}

/** Sets them, immutability with the last call. */
export function setFlags(
  path: Buffer,
  { common, extentSize, project, sharedExtentSize, ext }: FileFlags,
): void {
  opened(path, (fd) => {
    const own = Buffer.alloc(8)
    if (ext !== 0 && isDone(fd, calls.getExt, own)) {
      own.writeUInt32LE(((own.readUInt32LE(0) & ~keptExt) | ext) >>> 0)
      must(fd, calls.setExt, own)
    }
    const fields = Buffer.alloc(fsxattrSize)
    must(fd, calls.get, fields)
    fields.writeUInt32LE(((fields.readUInt32LE(0) & ~keptCommon) | common) >>> 0, 0)
    fields.writeUInt32LE(extentSize, 4)
    fields.writeUInt32LE(project, 12)
    fields.writeUInt32LE(sharedExtentSize, 16)
    must(fd, calls.set, fields)
  })
}

export function areEqual(one: FileFlags | null, other: FileFlags | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function opened<T>(path: Buffer, work: (fd: number) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return work(fd)
  } finally {
    closeSync(fd)
  }
}

function isDone(fd: number, request: number, argument: Buffer): boolean {
  if (Number(ioctl(fd, request, argument)) === 0) return true
  if (notOffered.has(koffi.errno())) return false
  throw new SystemError(koffi.errno(), 'ioctl')
}

function must(fd: number, request: number, argument: Buffer): void {
  if (Number(ioctl(fd, request, argument)) !== 0) throw new SystemError(koffi.errno(), 'ioctl')
}
