import {
  copyFileSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  readlinkSync,
  type StatsFs,
  statfsSync,
  writeSync,
} from 'node:fs'
import { constants } from 'node:os'
import { systemCode } from '../../system/system-error.ts'
import { linuxFileRanges } from '../linux-file-ranges.ts'
import type { DarwinAnswer, DarwinCalls } from '../darwin-calls.ts'

/** What a volume of the stand-in is: APFS has holes and clones, HFS+ and exFAT neither, SMB does not even say. */
export type StandInVolume = 'apfs' | 'hfs' | 'exfat' | 'smbfs'

const { errno: errnos } = constants
const block = 4096
const abilities = {
  apfs: [0x40 | 0x200, 0x1_0000 | 0x8_0000],
  hfs: [0x200, 0],
  exfat: [0x200, 0],
} as const

/** A stand-in for the kernel of macOS over real files of Linux: it takes and answers the structures of Apple's headers. */
export class DarwinStandIn implements DarwinCalls {
  readonly #volume: StandInVolume
  readonly #flags: number
  /** Every command of fcntl(2) that was asked, in order. */
  readonly asked: number[] = []
  /** What sysctl says. */
  readonly told = new Map([['kern.bootsessionuuid', 'D03A97D5-1D7B-4C53-9D0F-4D0E2A1B3C4D']])
  /** st_flags of a path. */
  readonly flagsOf = new Map<string, number>()
  /** Where the blocks end that a file was given, which become its own as it grows. */
  readonly #reserved = new Map<number, number>()
  /** What is refused once each, in order. */
  readonly refused: number[] = []

  constructor(volume: StandInVolume, { isReadOnly = false } = {}) {
    this.#volume = volume
    this.#flags = (volume === 'smbfs' ? 0 : 0x1000) | (isReadOnly ? 0x1 : 0)
  }

  size(fd: number): number {
    return fstatSync(fd).size
  }

  truncate(fd: number, size: number): void {
    const own = this.size(fd)
    const reserved = Math.min(size, this.#reserved.get(fd) ?? 0)
    if (own < reserved) linuxFileRanges.allocate(fd, { start: own, end: reserved })
    ftruncateSync(fd, size)
  }

  write(fd: number, at: number, bytes: Uint8Array): void {
    writeSync(fd, bytes, 0, bytes.length, at)
  }

  lseek(fd: number, offset: number, whence: number): DarwinAnswer {
    if (this.#volume !== 'apfs') return -errnos.ENOTTY
    if (whence !== 3 && whence !== 4) return -errnos.EINVAL
    return answered(() => {
      const found = whence === 3 ? linuxFileRanges.nextHole(fd, offset) : linuxFileRanges.nextData(fd, offset)
      return found ?? -errnos.ENXIO
    })
  }

  fcntl(fd: number, command: number, argument: Uint8Array): DarwinAnswer {
    this.asked.push(command)
    const refusal = this.refused.shift()
    if (refusal !== undefined) return -refusal
    const view = new DataView(argument.buffer, argument.byteOffset, argument.byteLength)
    if (command === 99) return this.#punch(fd, view)
    if (command === 42) return this.#preallocate(fd, view)
    return -errnos.EINVAL
  }

  clone(sourceFd: number, target: string, flags: number): DarwinAnswer {
    if (this.#volume !== 'apfs') return -errnos.ENOTSUP
    if (flags !== 0) return -errnos.EINVAL
    return answered(() => {
      copyFileSync(readlinkSync(`/proc/self/fd/${sourceFd}`), target, 1)
      return 0
    })
  }

  rename(from: string, to: string, flags: number): DarwinAnswer {
    if (this.#volume === 'exfat') return -errnos.ENOTSUP
    if (flags === 2) return answered(() => (linuxFileRanges.exchange(from, to) ? 0 : -errnos.ENOTSUP))
    if (flags !== 4) return -errnos.EINVAL
    return answered(() => {
      linuxFileRanges.renameNoReplace(from, to)
      return 0
    })
  }

  lstat(path: string, answer: Uint8Array): DarwinAnswer {
    if (answer.length < 144) return -errnos.EINVAL
    return answered(() => {
      const { size, mode, ino } = lstatSync(path, { bigint: true })
      const view = new DataView(answer.buffer)
      view.setUint16(4, Number(mode), true)
      view.setBigUint64(8, ino, true)
      view.setBigInt64(96, size, true)
      view.setUint32(116, this.flagsOf.get(path) ?? 0, true)
      return 0
    })
  }

  statfs(path: string, answer: Uint8Array): DarwinAnswer {
    return answered(() => this.#tell(statfsSync(path), answer))
  }

  fstatfs(fd: number, answer: Uint8Array): DarwinAnswer {
    return this.statfs(`/proc/self/fd/${fd}`, answer)
  }

  sysctl(name: string, answer: Uint8Array): DarwinAnswer {
    const text = this.told.get(name)
    if (text === undefined) return -errnos.ENOENT
    const bytes = Buffer.from(`${text}\0`)
    if (bytes.length > answer.length) return -errnos.ENOMEM
    answer.set(bytes)
    return bytes.length
  }

  getattrlist(mountPoint: string, list: Uint8Array, answer: Uint8Array): DarwinAnswer {
    const asked = new DataView(list.buffer)
    const isRight =
      list.length === 24 && asked.getUint16(0, true) === 5 && asked.getUint32(8, true) === 0x8002_0000
    if (!isRight || mountPoint !== '/Volumes/stand-in') return -errnos.EINVAL
    if (this.#volume === 'smbfs') return -errnos.ENOTSUP
    const [format, interfaces] = abilities[this.#volume]
    const known = [format | 0x340, interfaces | 0x9_0000]
    const words = Uint32Array.of(36, format, interfaces, 0, 0, known[0] ?? 0, known[1] ?? 0, 0, 0)
    answer.set(new Uint8Array(words.buffer).subarray(0, answer.length))
    return 0
  }

  #tell({ blocks, bavail, bfree, bsize }: StatsFs, answer: Uint8Array): DarwinAnswer {
    if (answer.length !== 2168) return -errnos.EFAULT
    const view = new DataView(answer.buffer)
    view.setUint32(0, block, true)
    view.setInt32(4, 1 << 20, true)
    for (const [index, count] of [blocks, bfree, bavail].entries())
      view.setBigUint64(8 + 8 * index, BigInt(Math.floor((count * bsize) / block)), true)
    view.setUint32(64, this.#flags, true)
    answer.set(Buffer.from(this.#volume), 72)
    answer.set(Buffer.from('/Volumes/stand-in'), 88)
    answer.set(Buffer.from('/dev/disk5s1'), 1112)
    return 0
  }

  /** struct fpunchhole: whole blocks inside the file. */
  #punch(fd: number, argument: DataView): DarwinAnswer {
    if (argument.byteLength !== 24) return -errnos.EFAULT
    if (this.#volume !== 'apfs') return -errnos.ENOTTY
    const [start, length] = [Number(argument.getBigInt64(8, true)), Number(argument.getBigInt64(16, true))]
    const isWhole = start % block === 0 && length % block === 0 && length > 0
    if (argument.getBigUint64(0, true) !== 0n || !isWhole || start + length > this.size(fd))
      return -errnos.EINVAL
    return answered(() =>
      linuxFileRanges.punchHole(fd, { start, end: start + length }) ? 0 : -errnos.ENOTSUP,
    )
  }

  /** struct fstore: blocks after those of the file, whose size stays. */
  #preallocate(fd: number, argument: DataView): DarwinAnswer {
    if (argument.byteLength !== 32) return -errnos.EFAULT
    if (this.#volume === 'exfat' || this.#volume === 'smbfs') return -errnos.ENOTSUP
    const [flags, mode] = [argument.getUint32(0, true), argument.getInt32(4, true)]
    const [offset, length] = [argument.getBigInt64(8, true), Number(argument.getBigInt64(16, true))]
    if ((flags & ~0x6) !== 0 || mode !== 3 || offset !== 0n || length <= 0) return -errnos.EINVAL
    this.#reserved.set(fd, this.size(fd) + length)
    return 0
  }
}

function answered(call: () => number): DarwinAnswer {
  try {
    return call()
  } catch (error) {
    const known = Object.entries(errnos).find(([name]) => name === systemCode(error))
    return -(known?.[1] ?? errnos.EIO)
  }
}
