import { constants } from 'node:os'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { SystemError } from '../system/system-error.ts'
import type { DarwinAnswer, DarwinCalls } from './darwin-calls.ts'
import { darwinPlace, volumeOf } from './darwin-volume.ts'
import type { FileRanges } from './file-ranges.ts'

// unistd.h: the other way round than on Linux.
const seekHole = 3
const seekData = 4
// sys/fcntl.h.
const preallocate = 42
const punch = 99
const contiguous = 0x2
const allOrNothing = 0x4
const fromEndOfBlocks = 3
// sys/stdio.h.
const exclusive = 0x4
const swap = 0x2

const { errno: errnos } = constants
const notOffered: ReadonlySet<number> = new Set([
  errnos.EOPNOTSUPP,
  errnos.ENOTSUP,
  errnos.ENOSYS,
  errnos.EINVAL,
  errnos.EXDEV,
  errnos.ENOTTY,
  errnos.EPERM,
])

/** The answer of a call, or null where the system or the volume does not offer it. */
function attempt(call: string, ask: () => DarwinAnswer): number | null {
  for (;;) {
    const answer = ask()
    if (answer >= 0) return answer
    if (-answer === errnos.EINTR) continue
    if (notOffered.has(-answer)) return null
    throw new SystemError(-answer, call)
  }
}

/** `FileRanges` by the calls of macOS: APFS has holes and shares the blocks of whole files only. */
export function darwinFileRanges(calls: DarwinCalls): FileRanges {
  /** Null: only a hole follows, or the end; a volume without an answer is all data. */
  const seek = (fd: number, at: number, whence: number): number | null | 'unknown' => {
    const answer = calls.lseek(fd, at, whence)
    if (-answer === errnos.ENXIO) return null
    return answer >= 0 ? answer : (attempt('lseek', () => calls.lseek(fd, at, whence)) ?? 'unknown')
  }
  return {
    name: 'darwin',
    nextData(fd, at) {
      const found = seek(fd, at, seekData)
      if (found !== 'unknown') return found
      return at < calls.size(fd) ? at : null
    },
    nextHole(fd, at) {
      const found = seek(fd, at, seekHole)
      if (found !== 'unknown') return found
      const size = calls.size(fd)
      return at < size ? size : null
    },
    punchHole(fd, range) {
      const { blockSize } = volumeOf(calls, fd)
      const size = calls.size(fd)
      const whole = {
        start: Math.ceil(range.start / blockSize) * blockSize,
        end: Math.floor(Math.min(range.end, size) / blockSize) * blockSize,
      }
      if (whole.start >= whole.end) return false
      const punched = attempt('fcntl', () => calls.fcntl(fd, punch, punchOf(whole)))
      if (punched === null) return false
      // It takes whole blocks only.
      writeZeros(calls, fd, { start: range.start, end: whole.start })
      writeZeros(calls, fd, { start: whole.end, end: Math.min(range.end, size) })
      return true
    },
    discard: () => false,
    cloneRange: () => false,
    cloneFile(sourceFd, target) {
      return attempt('fclonefileat', () => calls.clone(sourceFd, target, 0)) !== null
    },
    allocate(fd, { start, end }) {
      const size = calls.size(fd)
      const hole = start < size ? this.nextHole(fd, start) : null
      // What is missing inside a file cannot be had without writing.
      if (hole !== null && hole < Math.min(end, size)) return false
      if (end <= size) return true
      const ask = (flags: number) => () => calls.fcntl(fd, preallocate, storeOf(flags, end - size))
      const inOne = calls.fcntl(fd, preallocate, storeOf(contiguous | allOrNothing, end - size))
      if (inOne < 0 && attempt('fcntl', ask(allOrNothing)) === null) return false
      calls.truncate(fd, end)
      return true
    },
    startWriting: () => false,
    keepHoles: (fd) => volumeOf(calls, fd).can?.holes !== false,
    writeInPlace: () => false,
    allocatesFaster: () => false,
    renameNoReplace(from, to) {
      const answer = calls.rename(from, to, exclusive)
      if (answer < 0) throw new SystemError(-answer, 'renamex_np')
    },
    exchange(one, other) {
      return attempt('renamex_np', () => calls.rename(one, other, swap)) !== null
    },
    deviceSize: () => null,
    filesystemOf: (path) => darwinPlace(calls, path),
  }
}

/** struct fpunchhole of sys/fcntl.h. */
function punchOf({ start, end }: ByteRange): Uint8Array {
  return new Uint8Array(BigInt64Array.from([0, start, end - start], BigInt).buffer)
}

/** struct fstore of sys/fcntl.h: that many bytes after the blocks that the file has. */
function storeOf(flags: number, length: number): Uint8Array {
  const store = new DataView(new ArrayBuffer(32))
  store.setUint32(0, flags, true)
  store.setInt32(4, fromEndOfBlocks, true)
  store.setBigInt64(16, BigInt(length), true)
  return new Uint8Array(store.buffer)
}

function writeZeros(calls: DarwinCalls, fd: number, { start, end }: ByteRange): void {
  if (start < end) calls.write(fd, start, new Uint8Array(end - start))
}
