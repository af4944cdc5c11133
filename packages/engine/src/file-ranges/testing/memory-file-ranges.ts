import { SystemError } from '../../system/system-error.ts'
import type { FileRanges } from '../file-ranges.ts'

const block = 4096
const exists = 17
const noSuchDevice = 6

interface MemoryFile {
  bytes: Uint8Array
  /** One flag per block of 4 KiB. */
  allocated: boolean[]
}

/** Files in memory with blocks of 4 KiB, for tests of what uses `FileRanges`. */
export class MemoryFiles {
  readonly #names = new Map<string, number>()
  readonly #files: MemoryFile[] = []

  create(name: string, size: number): number {
    const fd = this.#files.push({ bytes: new Uint8Array(size), allocated: [] }) - 1
    this.#names.set(name, fd)
    return fd
  }

  file(fd: number): MemoryFile {
    const file = this.#files[fd]
    if (!file) throw new SystemError(9, 'read')
    return file
  }

  write(fd: number, at: number, bytes: Uint8Array): void {
    const file = this.file(fd)
    this.grow(fd, at + bytes.length)
    file.bytes.set(bytes, at)
    for (let index = Math.floor(at / block); index * block < at + bytes.length; index += 1)
      file.allocated[index] = true
  }

  grow(fd: number, size: number): void {
    const file = this.file(fd)
    if (size <= file.bytes.length) return
    const bytes = new Uint8Array(size)
    bytes.set(file.bytes)
    file.bytes = bytes
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  rename(from: string, to: string): void {
    const fd = this.#names.get(from)
    if (fd === undefined) throw new SystemError(2, 'rename')
    if (this.#names.has(to)) throw new SystemError(exists, 'rename')
    this.#names.delete(from)
    this.#names.set(to, fd)
  }
}

/** `FileRanges` over files in memory; it can do everything. */
export function memoryFileRanges(files: MemoryFiles): FileRanges {
  /** First byte at or after `at` whose block is allocated, or is not; the size when there is none. */
  const seek = (fd: number, at: number, wanted: boolean): number => {
    const { bytes, allocated } = files.file(fd)
    if (at >= bytes.length) throw new SystemError(noSuchDevice, 'lseek')
    let place = at
    while (place < bytes.length && (allocated[Math.floor(place / block)] ?? false) !== wanted) {
      place = (Math.floor(place / block) + 1) * block
    }
    return Math.min(place, bytes.length)
  }
  const isPast = (fd: number, at: number) => at >= files.file(fd).bytes.length
  return {
    name: 'memory',
    nextData(fd, at) {
      if (isPast(fd, at)) return null
      const found = seek(fd, at, true)
      return isPast(fd, found) ? null : found
    },
    nextHole: (fd, at) => (isPast(fd, at) ? null : seek(fd, at, false)),
    punchHole(fd, { start, end }) {
      const { bytes, allocated } = files.file(fd)
      bytes.fill(0, start, end)
      for (let index = Math.ceil(start / block); (index + 1) * block <= end; index += 1)
        allocated[index] = false
      return true
    },
    discard: () => false,
    cloneRange({ sourceFd, sourceAt, targetFd, targetAt, length }) {
      if ([sourceAt, targetAt, length].some((value) => value % block !== 0)) return false
      files.write(targetFd, targetAt, files.file(sourceFd).bytes.slice(sourceAt, sourceAt + length))
      return true
    },
    keepHoles: () => true,
    writeInPlace: (fd) => files.file(fd).bytes.length === 0,
    allocatesFaster: () => true,
    startWriting: () => true,
    cloneFile(sourceFd, target) {
      const { bytes, allocated } = files.file(sourceFd)
      if (files.has(target)) throw new SystemError(exists, 'clone')
      const copy = files.file(files.create(target, bytes.length))
      copy.bytes.set(bytes)
      copy.allocated = [...allocated]
      return true
    },
    allocate(fd, { start, end }) {
      files.grow(fd, end)
      const { allocated } = files.file(fd)
      for (let index = Math.floor(start / block); index * block < end; index += 1) allocated[index] = true
      return true
    },
    renameNoReplace: (from, to) => files.rename(from, to),
    exchange: () => false,
    deviceSize: () => null,
    filesystemOf: () => ({
      filesystem: 'memory',
      mountPoint: null,
      free: 2 ** 30,
      total: 2 ** 30,
      copyOnWrite: true,
      media: 'memory',
    }),
  }
}
