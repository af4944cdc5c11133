import { constants } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { randomHex } from '@varve/core/binary/random-hex'
import { isZero } from '@varve/core/binary/zero-scan'
import { DiskError } from '@varve/core/problems/disk-error'
import { writeError } from '../system/system-error.ts'
import type { StreamOptions } from './digest-stream.ts'
import { streamChunks, StreamDigest, type ByteStream } from './stream-chunks.ts'
import { writeWhole } from '../files/whole.ts'

/** A stream that has come to its end, as a file. */
export interface Spooled extends AsyncDisposable {
  readonly path: string
  readonly size: number
  /** Of what came, made while it came. */
  readonly digest: string
}

export interface SpoolOptions extends StreamOptions {
  /** Where there is room for it: beside what becomes of it. */
  readonly folder: string
  /** Bytes that it must have: a pipe whose other end has failed ends as one that is done. */
  readonly size?: number | undefined
}

/**
 * Keeps a stream in a hidden sparse file, since a disk has to be looked at before it is known what becomes of it. The file is named as
 * one of this process, which `varve leftovers` knows, and is removed at disposal.
 */
export async function spoolStream(stream: ByteStream, options: SpoolOptions): Promise<Spooled> {
  const { folder, size: wanted, signal, onProgress } = options
  const path = join(folder, `.${stream.name}.p${process.pid}-${randomHex(4)}.part`)
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL
  const file = await open(path, flags, 0o600).catch((error: unknown) => {
    throw writeError(error, path)
  })
  const remove = async () => rm(path, { force: true })
  try {
    const digest = new StreamDigest()
    for await (const { start, bytes } of streamChunks(stream, signal)) {
      if (digest.add({ start, bytes })) await writeSparse(file, { path, bytes, start })
      if (wanted !== undefined && digest.size > wanted) throw wrongSize(stream.name, wanted, 'more')
      onProgress?.(digest.size)
    }
    const { size } = digest
    if (wanted !== undefined && size < wanted)
      throw new DiskError('truncated', { file: stream.name, structure: 'the disk', wanted, available: size })
    if (size === 0) throw wrongSize(stream.name, 1, 'fewer')
    await file.truncate(size)
    await file.close()
    return { path, size, digest: digest.digest(), [Symbol.asyncDispose]: remove }
  } catch (error) {
    await file.close()
    await remove()
    throw error
  }
}

function wrongSize(file: string, wanted: number, which: 'more' | 'fewer'): DiskError {
  return new DiskError('refused', {
    file,
    reason:
      which === 'more'
        ? `it has more than the ${wanted} bytes that were said`
        : 'it ended before its first byte',
    remedy: which === 'more' ? 'Say its size as it is, or leave --size out.' : 'Look at what writes to it.',
  })
}

/** Runs of zeros of so many bytes take no room. */
const holeSize = 64 * 1024

async function writeSparse(
  file: FileHandle,
  { path, bytes, start }: { readonly path: string; readonly bytes: Uint8Array; readonly start: number },
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    let end = at
    while (end < bytes.length && !isZero(bytes.subarray(end, end + holeSize))) end += holeSize
    const data = bytes.subarray(at, end)
    await writeWhole(file, data, start + at).catch((error: unknown) => {
      throw writeError(error, path)
    })
    at = end + holeSize
  }
}
