import { windowsCalls } from '@varve/engine/file-ranges/windows-calls'
import { DiskError } from '@varve/core/problems/disk-error'
import { lastCode, native, windowsCall } from '../service/windows/native.ts'
import type { DiskCalls } from './file-disks.ts'

const kernel = 'kernel32.dll'
const CreateFileW = windowsCall(kernel, 'CreateFileW', 'intptr_t', [
  'str16',
  'uint32',
  'uint32',
  'void *',
  'uint32',
  'uint32',
  'void *',
])
const CloseHandle = windowsCall(kernel, 'CloseHandle', 'int', ['intptr_t'])
const GetVolumePathNamesForVolumeNameW = windowsCall(kernel, 'GetVolumePathNamesForVolumeNameW', 'int', [
  'str16',
  'void *',
  'uint32',
  'void *',
])
const GetStorageDependencyInformation = windowsCall(
  'virtdisk.dll',
  'GetStorageDependencyInformation',
  'uint32',
  ['intptr_t', 'uint32', 'uint32', 'void *', 'void *'],
)

// winnt.h, fileapi.h, winerror.h, virtdisk.h.
const genericRead = 0x8000_0000
const anyShare = 0x7
const openExisting = 3
const [invalidFunction, fileNotFound, pathNotFound, notSupported] = [1, 2, 3, 50]
const notVirtualDisk = 0xc03a_0015
const isNone = new Set([invalidFunction, fileNotFound, pathNotFound, notSupported, notVirtualDisk])
const [hostVolumes, diskHandle] = [0x1, 0x2]
const [headBytes, entryBytes] = [8, 64]

/** The calls of the Windows that this runs on; the disk's own file is told to elevated administrators. */
export function diskCalls(): DiskCalls {
  const calls = windowsCalls()
  return {
    control: (name, code, answer) => calls.controlVolume(name, code, new Uint8Array(), answer),
    fileOf(number) {
      const device = `\\\\.\\PhysicalDrive${number}`
      const handle = CreateFileW(device, genericRead, anyShare, null, openExisting, 0, null) as
        number | bigint
      if (Number(handle) === -1) return noneOr(device, lastCode())
      try {
        const info = Buffer.alloc(64 * 1024)
        // STORAGE_DEPENDENCY_INFO of the second version.
        info.writeUInt32LE(2, 0)
        const code = GetStorageDependencyInformation(
          handle,
          hostVolumes | diskHandle,
          info.length,
          info,
          Buffer.alloc(4),
        ) as number
        return code === 0 ? fileIn(info, pathsOfVolume) : noneOr(device, code >>> 0)
      } finally {
        CloseHandle(handle)
      }
    },
  }
}

function noneOr(device: string, code: number): null {
  if (isNone.has(code)) return null
  throw new DiskError('not-readable', {
    file: device,
    reason: `Windows does not tell which file it is of (code ${code})`,
  })
}

/** Of STORAGE_DEPENDENCY_INFO_TYPE_2. */
interface Dependency {
  readonly level: number
  readonly volume: string | null
  readonly path: string | null
}

/** The file of the disk itself, not one that a disk which holds it is of. */
export function fileIn(info: Buffer, pathsOf: (volume: string) => readonly string[]): string | null {
  const koffi = native()
  const entry = koffi.struct({
    kind: 'uint32',
    flags: 'uint32',
    device: 'uint32',
    vendor1: 'uint32',
    vendor2: 'uint32',
    vendor3: 'uint32',
    vendor4: 'uint32',
    level: 'uint32',
    dependency: 'void *',
    volume: 'str16',
    dependent: 'void *',
    path: 'str16',
  })
  const most = Math.floor((info.length - headBytes) / entryBytes)
  const count = Math.min(info.readUInt32LE(4), most)
  const entries = Array.from({ length: count }, (_, at) => {
    const start = headBytes + at * entryBytes
    return koffi.decode(info.subarray(start, start + entryBytes), entry) as Dependency
  })
  const [own] = entries.toSorted((one, other) => one.level - other.level)
  if (own === undefined || own.volume === null || own.path === null) return null
  const path = own.path.replace(/^\\+/u, '')
  const [root = own.volume] = pathsOf(own.volume)
  return `${root.replace(/\\*$/u, '\\')}${path}`
}

/** Letters and folders of a volume, letters first. */
function pathsOfVolume(volume: string): readonly string[] {
  const names = Buffer.alloc(64 * 1024)
  const named = volume.replace(/\\*$/u, '\\')
  const isTold = GetVolumePathNamesForVolumeNameW(named, names, names.length / 2, Buffer.alloc(4))
  if (isTold === 0) return []
  const all = names.toString('utf16le').split('\0')
  const end = all.indexOf('')
  return all.slice(0, end < 0 ? all.length : end).toSorted((one, other) => one.length - other.length)
}
