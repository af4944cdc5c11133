import {
  constants,
  deflateRawSync,
  deflateSync,
  inflateRawSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import type { Codecs, Compressors } from '@varve/core/image/image-files'
import { unpackBzip2 } from './bzip2.ts'
import { unpackXz } from './xz.ts'
import { zstdFrameLength } from './zstd-frame.ts'

/** What is left after the end of a stream is the padding of a sector, not an error. */
const tolerant = { finishFlush: constants.Z_SYNC_FLUSH }

/** QEMU unpacks qcow2 clusters with a window of 4 KiB, so nothing larger may be used (block/qcow2-threads.c). */
const qcow2Deflate = { windowBits: 12, memLevel: 9 }

/** Decompressors of Node's zlib; they throw zlib's own errors on bad input. */
export const nodeCodecs: Codecs = {
  inflateRaw: (bytes, size) => exact(inflateRawSync(bytes, { ...tolerant, ...bounded(size) })),
  inflate: (bytes, size) => exact(inflateSync(bytes, { ...tolerant, ...bounded(size) })),
  zstd: (bytes, size) => exact(zstdDecompressSync(bytes.subarray(0, zstdFrameLength(bytes)), bounded(size))),
  bzip2: unpackBzip2,
  xz: async (bytes, size) => exact(await unpackXz(bytes, size)),
}

/** Compressors of Node's zlib at its usual levels. */
export const nodeCompressors: Compressors = {
  deflateRaw: (bytes) => exact(deflateRawSync(bytes, { ...qcow2Deflate, ...roomy(bytes.length) })),
  deflate: (bytes) => exact(deflateSync(bytes, roomy(bytes.length))),
  zstd: (bytes) => exact(zstdCompressSync(bytes, roomy(bytes.length))),
}

/** Room beyond the content, so that one call of zlib sees the end of the stream and needs no second buffer. */
const spareRoom = 64

/** One buffer for all, and an error when more than `size` bytes come out. */
function bounded(size: number) {
  return { maxOutputLength: Math.max(1, size), chunkSize: size + spareRoom }
}

/** One buffer for what compressing `size` bytes gives; incompressible bytes grow by less than that. */
function roomy(size: number) {
  return { chunkSize: size + Math.ceil(size / 256) + spareRoom }
}

/**
 * A copy in memory of its own size, and the buffer given back at once: buffers that wait for a garbage collection cost
 * a hundred megabytes in a long run.
 */
function exact(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes)
  const { buffer } = bytes
  const isOwn = bytes.byteOffset === 0 && buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize
  if (isOwn) buffer.transfer(0)
  return copy
}
