import { fstatSync } from 'node:fs'
import { toNamespacedPath } from 'node:path'
import { untouched } from '../system/end-thread.ts'
import { loadKoffi } from './load-koffi.ts'

/** What a call of Windows ended with: 0, or the number of an error. */
export type WindowsCode = number

/** A question to a driver and what it said. */
export interface ControlOutcome {
  readonly error: WindowsCode
  /** Bytes of the answer that hold something. */
  readonly returned: number
}

/** A volume as it describes itself. */
export interface VolumeFacts {
  /** `C:\` and the like, or the folder that it is mounted at. */
  readonly root: string
  readonly filesystem: string | null
  /** FILE_SUPPORTS_… of GetVolumeInformationW. */
  readonly flags: number
  readonly free: number | null
  readonly total: number | null
  /** DRIVE_… of GetDriveTypeW. */
  readonly kind: number
}

/** The calls of Windows that file ranges are made of; a stand-in for them has the same bytes in and out. */
export interface WindowsCalls {
  size(fd: number): number
  /** The handle of a descriptor, as a number. */
  handleOf(fd: number): bigint
  /** DeviceIoControl; `answer` takes what is said. */
  control(fd: number, code: number, question: Uint8Array, answer: Uint8Array): ControlOutcome
  /** GetFileInformationByHandleEx and SetFileInformationByHandle of a class. */
  getInfo(fd: number, kind: number, answer: Uint8Array): WindowsCode
  setInfo(fd: number, kind: number, info: Uint8Array): WindowsCode
  /** GetFinalPathNameByHandleW; null when it has none. */
  nameOf(fd: number): string | null
  move(from: string, to: string): WindowsCode
  volumeOf(path: string): VolumeFacts | WindowsCode
  /** FILE_ATTRIBUTE_… of a path; null when it cannot be told. */
  attributesOf(path: string): number | null
  /** DeviceIoControl of the volume at `root`, opened without any right. */
  controlVolume(root: string, code: number, question: Uint8Array, answer: Uint8Array): ControlOutcome
}

const notMoved = 0x8
const anyShare = 0x7
const openExisting = 3
const invalidHandle = -1
const longestPath = 32_767
const nameLength = 261

function library() {
  const koffi = loadKoffi()
  const [own, kernel] = [koffi.load(null), koffi.load('kernel32.dll')]
  return {
    handleOf: own.func('intptr_t uv_get_osfhandle(int fd)'),
    lastError: kernel.func('uint32_t GetLastError()'),
    control: kernel.func(
      'int DeviceIoControl(intptr_t handle, uint32_t code, _In_ uint8_t *question, uint32_t asked, _Out_ uint8_t *answer, uint32_t room, _Out_ uint32_t *returned, void *overlapped)',
    ),
    getInfo: kernel.func(
      'int GetFileInformationByHandleEx(intptr_t handle, int kind, _Out_ uint8_t *info, uint32_t room)',
    ),
    setInfo: kernel.func(
      'int SetFileInformationByHandle(intptr_t handle, int kind, _In_ uint8_t *info, uint32_t size)',
    ),
    finalName: kernel.func(
      'uint32_t GetFinalPathNameByHandleW(intptr_t handle, _Out_ uint16_t *name, uint32_t room, uint32_t flags)',
    ),
    move: kernel.func('int MoveFileExW(str16 from, str16 to, uint32_t flags)'),
    volumePath: kernel.func('int GetVolumePathNameW(str16 path, _Out_ uint16_t *root, uint32_t room)'),
    volumeInfo: kernel.func(
      'int GetVolumeInformationW(str16 root, void *label, uint32_t labelRoom, void *serial, void *longest, _Out_ uint32_t *flags, _Out_ uint16_t *filesystem, uint32_t room)',
    ),
    freeSpace: kernel.func(
      'int GetDiskFreeSpaceExW(str16 folder, _Out_ uint64_t *free, _Out_ uint64_t *total, void *all)',
    ),
    driveType: kernel.func('uint32_t GetDriveTypeW(str16 root)'),
    attributes: kernel.func('uint32_t GetFileAttributesW(str16 path)'),
    open: kernel.func(
      'intptr_t CreateFileW(str16 path, uint32_t access, uint32_t share, void *security, uint32_t how, uint32_t flags, void *template)',
    ),
    close: kernel.func('int CloseHandle(intptr_t handle)'),
  }
}

/** The calls of the Windows that this runs on, through koffi. */
export function windowsCalls(): WindowsCalls {
  let loaded: ReturnType<typeof library> | null = null
  const system = () => (loaded ??= untouched(library))
  const codeOf = (succeeded: number | bigint): WindowsCode =>
    Number(succeeded) === 0 ? Number(system().lastError()) : 0
  const controlBy = (
    handle: number | bigint,
    { code, question, answer }: { code: number; question: Uint8Array; answer: Uint8Array },
  ): ControlOutcome => {
    const returned = [0]
    const [asked, room] = [question.length, answer.length]
    const done = system().control(handle, code, question, asked, answer, room, returned, null)
    return { error: codeOf(done), returned: returned[0] ?? 0 }
  }
  const handleOf = (fd: number) => system().handleOf(fd)
  return {
    size: (fd) => fstatSync(fd).size,
    handleOf: (fd) => BigInt(handleOf(fd)),
    control: (fd, code, question, answer) => controlBy(handleOf(fd), { code, question, answer }),
    getInfo: (fd, kind, answer) => codeOf(system().getInfo(handleOf(fd), kind, answer, answer.length)),
    setInfo: (fd, kind, info) => codeOf(system().setInfo(handleOf(fd), kind, info, info.length)),
    nameOf(fd) {
      const name = new Uint16Array(longestPath)
      const length = Number(system().finalName(handleOf(fd), name, name.length, 0))
      return length === 0 || length >= name.length ? null : textOf(name)
    },
    move: (from, to) => codeOf(system().move(toNamespacedPath(from), toNamespacedPath(to), notMoved)),
    volumeOf(path) {
      const name = new Uint16Array(longestPath)
      const found = codeOf(system().volumePath(toNamespacedPath(path), name, name.length))
      if (found !== 0) return found
      const root = textOf(name)
      const [flags, filesystem] = [[0], new Uint16Array(nameLength)]
      const told = system().volumeInfo(root, null, 0, null, null, flags, filesystem, filesystem.length)
      const [free, total] = [[0], [0]]
      const hasRoom = Number(system().freeSpace(root, free, total, null)) !== 0
      return {
        root: root.replace(/^\\\\\?\\(?:UNC\\)?/u, (prefix) => (prefix.length > 4 ? '\\\\' : '')),
        filesystem: Number(told) === 0 ? null : textOf(filesystem),
        flags: flags[0] ?? 0,
        free: hasRoom ? Number(free[0]) : null,
        total: hasRoom ? Number(total[0]) : null,
        kind: Number(system().driveType(root)),
      }
    },
    attributesOf(path) {
      const attributes = Number(system().attributes(toNamespacedPath(path)))
      return attributes === 0xffff_ffff ? null : attributes
    },
    controlVolume(root, code, question, answer) {
      const device = `\\\\.\\${root.replace(/\\+$/u, '')}`
      const handle = Number(system().open(device, 0, anyShare, null, openExisting, 0, null))
      if (handle === invalidHandle) return { error: Number(system().lastError()), returned: 0 }
      const outcome = controlBy(handle, { code, question, answer })
      system().close(handle)
      return outcome
    },
  }
}

/** Text up to the zero that ends it. */
function textOf(units: Uint16Array): string {
  const end = units.indexOf(0)
  return String.fromCharCode(...units.subarray(0, end < 0 ? units.length : end))
}
