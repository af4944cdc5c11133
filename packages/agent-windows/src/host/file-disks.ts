import type { ControlOutcome } from '@varve/engine/file-ranges/windows-calls'
import { DiskError } from '@varve/core/problems/disk-error'

/** A disk of Windows that is of a file. */
export interface FileDisk {
  readonly number: number
  readonly path: string
  readonly size: number
  readonly isReadOnly: boolean
  readonly isOffline: boolean
  readonly partitions: readonly {
    readonly number: number
    readonly start: number
    readonly size: number
    /** Drive letters. */
    readonly folders: readonly string[]
  }[]
}

/** What of Windows disks are read with; a stand-in has the same bytes. */
export interface DiskCalls {
  /** DeviceIoControl of `\\.\NAME`, opened without any right. */
  control(name: string, code: number, answer: Uint8Array): ControlOutcome
  /** The file that a disk is of; null: it is of none, or there is no such disk. Throws coded errors. */
  fileOf(number: number): string | null
}

// winioctl.h; each of these asks for no right to the device.
const layoutCode = 0x0007_0050
const geometryCode = 0x0007_00a0
const attributesCode = 0x0007_00f0
const writableCode = 0x0007_0024
const extentsCode = 0x0056_0000
// winerror.h.
const writeProtected = 19
const [isOfflineBit, isReadOnlyBit] = [0x1, 0x2]
/** Windows numbers disks from 0 on, with gaps where some went. */
const mostDisks = 128
const letters = Array.from({ length: 24 }, (_, at) => String.fromCharCode(67 + at))

/** Disks that are of files, without any module of Windows: by its own calls. */
export function readFileDisks(calls: DiskCalls): FileDisk[] {
  const found = Array.from({ length: mostDisks }, (_, number) => ({ number, path: calls.fileOf(number) }))
  const files = found.flatMap(({ number, path }) => (path === null ? [] : [{ number, path }]))
  if (files.length === 0) return []
  const volumes = letters.flatMap((letter) => volumesOf(calls, letter))
  return files.map(({ number, path }) => {
    const device = `PhysicalDrive${number}`
    const attributes = asked(calls, device, { code: attributesCode, room: 16 }).readUInt32LE(8)
    return {
      number,
      path,
      // DISK_GEOMETRY_EX.
      size: numberAt(asked(calls, device, { code: geometryCode, room: 256 }), 24),
      isReadOnly: (attributes & isReadOnlyBit) !== 0 || isProtected(calls, device),
      isOffline: (attributes & isOfflineBit) !== 0,
      partitions: partitionsOf(calls, device).map((partition) => ({
        ...partition,
        folders: volumes
          .filter((volume) => volume.disk === number && volume.start === partition.start)
          .map(({ folder }) => folder),
      })),
    }
  })
}

/** DRIVE_LAYOUT_INFORMATION_EX and its PARTITION_INFORMATION_EX; those without a number are none. */
function partitionsOf(calls: DiskCalls, device: string) {
  const [headBytes, entryBytes, most] = [48, 144, 256]
  const layout = asked(calls, device, { code: layoutCode, room: headBytes + most * entryBytes })
  const count = Math.min(layout.readUInt32LE(4), most)
  return Array.from({ length: count }, (_, at) => headBytes + at * entryBytes)
    .map((at) => ({
      number: layout.readUInt32LE(at + 24),
      start: numberAt(layout, at + 8),
      size: numberAt(layout, at + 16),
    }))
    .filter(({ number, size }) => number > 0 && size > 0)
}

/** VOLUME_DISK_EXTENTS of a drive letter; what nothing has, or what is of several disks, is of no image. */
function volumesOf(calls: DiskCalls, letter: string) {
  const extents = Buffer.alloc(256)
  const { error } = calls.control(`${letter}:`, extentsCode, extents)
  if (error !== 0 || extents.readUInt32LE(0) !== 1) return []
  return [{ folder: `${letter}:\\`, disk: extents.readUInt32LE(8), start: numberAt(extents, 16) }]
}

function isProtected(calls: DiskCalls, device: string): boolean {
  return calls.control(device, writableCode, new Uint8Array(8)).error === writeProtected
}

function asked(
  calls: DiskCalls,
  device: string,
  { code, room }: { readonly code: number; readonly room: number },
): Buffer {
  const answer = Buffer.alloc(room)
  const { error } = calls.control(device, code, answer)
  if (error === 0) return answer
  throw new DiskError('not-readable', {
    file: `\\\\.\\${device}`,
    reason: `Windows does not tell of it (code ${error})`,
  })
}

function numberAt(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}
