import { DiskError } from '@varve/core/problems/disk-error'

const frameMagic = 0xfd2f_b528
const reservedBlock = 3
const runLengthBlock = 1

/** Bytes of the first Zstandard frame in `bytes` (RFC 8878, section 3.1.1), found without unpacking it. */
export function zstdFrameLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  need(bytes, 5)
  if (view.getUint32(0, true) !== frameMagic) fail('it does not begin with a Zstandard frame')
  const descriptor = view.getUint8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const hasChecksum = (descriptor & 0x04) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  let at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes
  for (;;) {
    need(bytes, at + 3)
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    const kind = (header >> 1) & 3
    if (kind === reservedBlock) fail('a block has the reserved type')
    at += 3 + (kind === runLengthBlock ? 1 : header >> 3)
    need(bytes, at)
    if ((header & 1) === 1) break
  }
  const end = at + (hasChecksum ? 4 : 0)
  need(bytes, end)
  return end
}

function need(bytes: Uint8Array, end: number): void {
  if (end > bytes.length) fail('the frame is cut short')
}

function fail(reason: string): never {
  throw new DiskError('decompression-failed', { file: 'compressed data', offset: 0, reason })
}
