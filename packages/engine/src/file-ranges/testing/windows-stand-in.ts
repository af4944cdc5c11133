import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { ControlOutcome, VolumeFacts, WindowsCalls } from '../windows-calls.ts'

/** What a volume of the stand-in can do: NTFS has holes, ReFS shares blocks too, FAT and Wine have neither. */
export type StandInVolume = 'NTFS' | 'ReFS' | 'FAT32'

const cluster = 4096
const notSupported = { error: 50, returned: 0 }
const invalidFunction = { error: 1, returned: 0 }
const [invalidParameter, alreadyExists, notFound, invalidHandle, moreData] = [87, 183, 2, 6, 234]

interface StandInFile {
  name: string
  bytes: Uint8Array
  /** One flag per cluster. */
  allocated: boolean[]
  attributes: number
}

/** A stand-in for the kernel of Windows: files in memory behind the same numbers and structures. */
export class WindowsStandIn implements WindowsCalls {
  readonly #files: StandInFile[] = []
  readonly #volume: StandInVolume
  /** Every control that was asked, in order. */
  readonly asked: number[] = []

  constructor(volume: StandInVolume) {
    this.#volume = volume
  }

  create(name: string, size: number): number {
    const file = { name, bytes: new Uint8Array(), allocated: [], attributes: 0x20 }
    const fd = this.#files.push(file) - 1
    this.#resize(file, size)
    return fd
  }

  write(fd: number, at: number, bytes: Uint8Array): void {
    const file = this.#file(fd)
    this.#resize(file, Math.max(file.bytes.length, at + bytes.length))
    file.bytes.set(bytes, at)
    this.#take(file, { start: at, end: at + bytes.length })
  }

  read(fd: number): Uint8Array {
    return this.#file(fd).bytes.slice()
  }

  has(name: string): boolean {
    return this.#files.some((file) => file.name === name)
  }

  /** As `fsutil sparse setflag`, `compact` and `cipher` do. */
  setAttributes(fd: number, attributes: number): void {
    this.#file(fd).attributes = attributes
  }

  size(fd: number): number {
    return this.#file(fd).bytes.length
  }

  handleOf(fd: number): bigint {
    return BigInt(fd) + 0x1000n
  }

  nameOf(fd: number): string | null {
    return this.#file(fd).name
  }

  control(fd: number, code: number, question: Uint8Array, answer: Uint8Array): ControlOutcome {
    this.asked.push(code)
    const file = this.#files[fd]
    if (!file) return { error: invalidHandle, returned: 0 }
    if (code === 0x0007_405c) return invalidFunction
    if (this.#volume === 'FAT32') return notSupported
    if (code === 0x0009_00c4) {
      file.attributes |= 0x200
      return { error: 0, returned: 0 }
    }
    if (code === 0x0009_40cf) return this.#tellAllocated(file, question, answer)
    if (code === 0x0009_80c8) return this.#zero(file, question)
    if (code === 0x0009_8344) return this.#clone(file, question)
    return invalidFunction
  }

  getInfo(fd: number, kind: number, answer: Uint8Array): number {
    if (kind !== 0 || answer.length < 40) return invalidParameter
    viewOf(answer).setUint32(32, this.#file(fd).attributes, true)
    return 0
  }

  setInfo(fd: number, kind: number, info: Uint8Array): number {
    const file = this.#file(fd)
    const [size = 0] = numbersIn(info)
    if (kind === 5) this.#take(file, { start: 0, end: size })
    else if (kind === 6) this.#resize(file, size)
    else return invalidParameter
    return 0
  }

  move(from: string, to: string): number {
    if (this.has(to)) return alreadyExists
    const file = this.#files.find(({ name }) => name === from)
    if (!file) return notFound
    file.name = to
    return 0
  }

  volumeOf(): VolumeFacts {
    const flags = this.#volume === 'FAT32' ? 0x6 : 0x40 | (this.#volume === 'ReFS' ? 0x0800_0000 : 0)
    return { root: 'D:\\', filesystem: this.#volume, flags, free: 2 ** 30, total: 2 ** 31, kind: 3 }
  }

  attributesOf(path: string): number | null {
    return this.#files.find(({ name }) => name === path)?.attributes ?? null
  }

  controlVolume(_: string, code: number, question: Uint8Array, answer: Uint8Array): ControlOutcome {
    if (code !== 0x002d_1400 || question.length < 12 || answer.length < 12) return invalidFunction
    // DEVICE_SEEK_PENALTY_DESCRIPTOR: its version, its size, and no penalty.
    viewOf(answer).setUint32(0, 12, true)
    viewOf(answer).setUint32(4, 12, true)
    return { error: 0, returned: 9 }
  }

  #file(fd: number): StandInFile {
    const file = this.#files[fd]
    if (!file) throw new Error(`there is no file ${fd}`)
    return file
  }

  /** A file that is not sparse has all of its clusters. */
  #resize(file: StandInFile, size: number): void {
    const bytes = new Uint8Array(size)
    bytes.set(file.bytes.subarray(0, size))
    file.bytes = bytes
    if ((file.attributes & 0x200) === 0) this.#take(file, { start: 0, end: size })
  }

  #take(file: StandInFile, { start, end }: ByteRange): void {
    for (let index = Math.floor(start / cluster); index * cluster < end; index += 1)
      file.allocated[index] = true
  }

  #tellAllocated(file: StandInFile, question: Uint8Array, answer: Uint8Array): ControlOutcome {
    if (question.length < 16) return { error: invalidParameter, returned: 0 }
    const [start = 0, length = 0] = numbersIn(question)
    const ranges: number[][] = []
    for (let index = Math.floor(start / cluster); index * cluster < start + length; index += 1) {
      const last = ranges.at(-1)
      if (!file.allocated[index]) continue
      if (last && (last[0] ?? 0) + (last[1] ?? 0) === index * cluster) last[1] = (last[1] ?? 0) + cluster
      else ranges.push([index * cluster, cluster])
    }
    const told = ranges.slice(0, Math.floor(answer.length / 16))
    answer.set(new Uint8Array(BigInt64Array.from(told.flat(), BigInt).buffer))
    return { error: told.length < ranges.length ? moreData : 0, returned: told.length * 16 }
  }

  #zero(file: StandInFile, question: Uint8Array): ControlOutcome {
    const [start = 0, end = 0] = numbersIn(question)
    file.bytes.fill(0, start, end)
    if ((file.attributes & 0x200) !== 0)
      for (let index = Math.ceil(start / cluster); (index + 1) * cluster <= end; index += 1)
        file.allocated[index] = false
    return { error: 0, returned: 0 }
  }

  #clone(target: StandInFile, question: Uint8Array): ControlOutcome {
    if (this.#volume !== 'ReFS') return invalidFunction
    const [handle = 0, sourceAt = 0, targetAt = 0, length = 0] = numbersIn(question)
    const source = this.#file(handle - 0x1000)
    const isWhole = [sourceAt, targetAt, length].every((value) => value % cluster === 0)
    if (!isWhole || targetAt + length > target.bytes.length) return { error: invalidParameter, returned: 0 }
    target.bytes.set(source.bytes.subarray(sourceAt, sourceAt + length), targetAt)
    this.#take(target, { start: targetAt, end: targetAt + length })
    return { error: 0, returned: 0 }
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

function numbersIn(bytes: Uint8Array): number[] {
  const view = viewOf(bytes)
  return Array.from({ length: bytes.length / 8 }, (_, index) => Number(view.getBigInt64(index * 8, true)))
}
