import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { FileRanges } from './file-ranges.ts'
import type { WindowsCalls } from './windows-calls.ts'
import { windowsError } from './windows-error.ts'
import { fileAttributes, windowsPlaces } from './windows-place.ts'

// winioctl.h.
const queryAllocatedRanges = 0x0009_40cf
const setSparse = 0x0009_00c4
const setZeroData = 0x0009_80c8
const duplicateExtents = 0x0009_8344
const getLength = 0x0007_405c
// FILE_INFO_BY_HANDLE_CLASS of winbase.h.
const basicInfo = 0
const allocationInfo = 5
const endOfFileInfo = 6
const basicInfoSize = 40
const attributesAt = 32

const moreData = 234
/** INVALID_FUNCTION, NOT_SUPPORTED, CALL_NOT_IMPLEMENTED, INVALID_PARAMETER; NOT_SAME_DEVICE and BLOCK_TOO_MANY_REFERENCES of clones. */
const notOffered: ReadonlySet<number> = new Set([1, 50, 120, 87, 17, 347])

const rangeSize = 16
const rangesAtOnce = 128
/** Windows takes less than 4 GiB at once, in whole clusters. */
const mostCloned = 2 ** 31

/** Images that Hyper-V opens, and refuses when they are sparse (0xC03A001A), also under the hidden name until they are whole. */
const forHyperV = /\.a?vhdx?(?:\.[\w-]+\.part)?$/iu
const nothing = new Uint8Array()

/** `FileRanges` by the controls of Windows: NTFS has holes, ReFS shares blocks too. */
export function windowsFileRanges(calls: WindowsCalls): FileRanges {
  /** False when it is not offered. */
  const succeeded = (error: number, call: string): boolean => {
    if (error === 0) return true
    if (notOffered.has(error)) return false
    throw windowsError(error, call)
  }
  const control = (fd: number, code: number, question: Uint8Array): boolean =>
    succeeded(calls.control(fd, code, question, nothing).error, 'DeviceIoControl')
  const isSparse = (fd: number): boolean => {
    const info = new Uint8Array(basicInfoSize)
    if (!succeeded(calls.getInfo(fd, basicInfo, info), 'GetFileInformationByHandleEx')) return false
    return (new DataView(info.buffer).getUint32(attributesAt, true) & fileAttributes.sparse) !== 0
  }
  /** The allocated ranges between `at` and `end`, the first `count` of them; null: nobody knows. */
  const allocated = (fd: number, { start, end }: ByteRange, count: number) => {
    const answer = new Uint8Array(count * rangeSize)
    const question = numbers(start, end - start)
    const { error, returned } = calls.control(fd, queryAllocatedRanges, question, answer)
    if (error !== moreData && !succeeded(error, 'DeviceIoControl')) return null
    const view = new DataView(answer.buffer)
    return Array.from({ length: Math.floor(returned / rangeSize) }, (_, index): ByteRange => {
      const from = Number(view.getBigInt64(index * rangeSize, true))
      return { start: from, end: from + Number(view.getBigInt64(index * rangeSize + 8, true)) }
    })
  }
  return {
    name: 'windows',
    nextData(fd, at) {
      const size = calls.size(fd)
      if (at >= size) return null
      const found = allocated(fd, { start: at, end: size }, 1)
      if (found === null) return at
      const [first] = found
      return first === undefined || first.start >= size ? null : Math.max(at, first.start)
    },
    nextHole(fd, at) {
      const size = calls.size(fd)
      if (at >= size) return null
      for (let end = at; ;) {
        const found = allocated(fd, { start: end, end: size }, rangesAtOnce)
        if (found === null) return size
        for (const range of found) {
          if (range.start > end) return end
          end = Math.max(end, range.end)
        }
        if (end >= size) return size
        if (found.length < rangesAtOnce) return end
      }
    },
    punchHole(fd, { start, end }) {
      if (!isSparse(fd) && !this.keepHoles(fd, calls.nameOf(fd) ?? '')) return false
      return control(fd, setZeroData, numbers(start, end))
    },
    discard: () => false,
    cloneRange({ sourceFd, sourceAt, targetFd, targetAt, length }) {
      for (let done = 0; done < length; done += mostCloned) {
        const piece = Math.min(mostCloned, length - done)
        const question = numbers(calls.handleOf(sourceFd), sourceAt + done, targetAt + done, piece)
        if (!control(targetFd, duplicateExtents, question)) return false
      }
      return length > 0
    },
    cloneFile: () => false,
    allocate(fd, { end }) {
      if (isSparse(fd)) return false
      if (end <= calls.size(fd)) return true
      if (!succeeded(calls.setInfo(fd, allocationInfo, numbers(end)), 'SetFileInformationByHandle'))
        return false
      return succeeded(calls.setInfo(fd, endOfFileInfo, numbers(end)), 'SetFileInformationByHandle')
    },
    startWriting: () => false,
    keepHoles(fd, path) {
      if (path === '' || forHyperV.test(path)) return false
      // What offers no holes may take the word and do nothing.
      return control(fd, setSparse, nothing) && isSparse(fd)
    },
    writeInPlace: () => false,
    allocatesFaster: () => false,
    renameNoReplace(from, to) {
      const error = calls.move(from, to)
      if (error !== 0) throw windowsError(error, 'MoveFileExW')
    },
    exchange: () => false,
    deviceSize(fd) {
      const answer = new Uint8Array(8)
      const { error } = calls.control(fd, getLength, nothing, answer)
      return error === 0 ? Number(new DataView(answer.buffer).getBigInt64(0, true)) : null
    },
    filesystemOf: windowsPlaces(calls),
  }
}

/** 64-bit numbers one after the other, as Windows takes them. */
function numbers(...values: readonly (number | bigint)[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
}
