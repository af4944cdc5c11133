import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { hostFileRanges } from '../file-ranges/host-file-ranges.ts'
import { systemCode, writeError } from '../system/system-error.ts'

export interface OpenDevice extends AsyncDisposable {
  readonly handle: FileHandle
  readonly size: number
}

/** Opens a block device that is written over. The kernel lets nobody else have it alone, nor mount it, until it is closed; throws `in-use` and `not-writable`. */
export async function openDevice(path: string): Promise<OpenDevice> {
  const handle = await open(path, constants.O_RDWR | constants.O_EXCL).catch((error: unknown) => {
    if (systemCode(error) !== 'EBUSY') throw writeError(error, path)
    throw new DiskError('in-use', { file: path, by: 'a filesystem, or a device over it', how: 'writes' })
  })
  try {
    const isDevice = (await handle.stat()).isBlockDevice()
    const size = isDevice ? hostFileRanges().deviceSize(handle.fd) : null
    if (size === null)
      throw new DiskError('not-writable', { file: path, reason: 'it is no block device with a size' })
    return { handle, size, [Symbol.asyncDispose]: async () => handle.close() }
  } catch (error) {
    await handle.close()
    throw writeError(error, path)
  }
}
