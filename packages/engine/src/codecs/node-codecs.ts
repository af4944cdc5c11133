import {
  constants,
  deflateRawSync,
  deflateSync,
  inflateRawSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import type { Codecs, Compressors } from '@varve/core/formats/image-files'
import { zstdFrameLength } from './zstd-frame.ts'

/** What is left after the end of a stream is the padding of a sector, not an error. */
const tolerant = { finishFlush: constants.Z_SYNC_FLUSH }

/** QEMU unpacks qcow2 clusters with a window of 4 KiB, so nothing larger may be used (block/qcow2-threads.c). */
const qcow2Deflate = { windowBits: 12, memLevel: 9 }

/** Decompressors of Node's zlib; they throw zlib's own errors on bad input. */
export const nodeCodecs: Codecs = {
  inflateRaw: (bytes, size) => inflateRawSync(bytes, { ...tolerant, ...bounded(size) }),
  inflate: (bytes, size) => inflateSync(bytes, { ...tolerant, ...bounded(size) }),
  zstd: (bytes, size) => zstdDecompressSync(bytes.subarray(0, zstdFrameLength(bytes)), bounded(size)),
}

/** Compressors of Node's zlib at its usual levels. */
export const nodeCompressors: Compressors = {
  deflateRaw: (bytes) => deflateRawSync(bytes, qcow2Deflate),
  deflate: (bytes) => deflateSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
}

/** Smallest output buffer that zlib accepts. */
const leastBuffer = 64

/** One buffer of the right size, and an error when more comes out. */
function bounded(size: number) {
  return { maxOutputLength: Math.max(1, size), chunkSize: Math.max(leastBuffer, size) }
}
