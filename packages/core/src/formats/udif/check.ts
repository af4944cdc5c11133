import { crc32 } from '../../binary/crc32.ts'
import { readPieces } from '../../binary/byte-source.ts'
import type { CheckOptions, CheckReport } from '../../image/check-report.ts'
import { guardedCheck } from '../../image/guarded-check.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { readUdifMetadata, type UdifMetadata } from './metadata.ts'

/** The one kind of checksum that hdiutil writes: CRC-32 in the first of 32 words. */
const crc32Type = 2
const remedy = 'Fetch the image again, or compare the disk with another copy.'

/**
 * Trailer and block tables (runs outside the data, on each other, without an end), the checksum over the data fork and the
 * one over the tables' own. The data is read once and not unpacked: what it unpacks to is proved by reading the disk.
 */
export async function checkUdif(
  file: ImageFile,
  _ports: ImagePorts,
  options: CheckOptions = {},
): Promise<CheckReport> {
  return await guardedCheck({ file: file.path, format: 'udif' }, async (findings) => {
    const metadata = await readUdifMetadata(file)
    const { trailer, runs } = metadata
    for (const problem of metadata.problems) findings.adopt('remark', problem)
    const checked = ['trailer', 'block tables']
    if (trailer.dataChecksumType === crc32Type) {
      checked.push('checksum of the data')
      const found = await dataChecksum(file, metadata, options)
      if (found !== trailer.dataChecksum) {
        const message = `The data has the CRC-32 ${hex(found)}, the trailer says ${hex(trailer.dataChecksum)}.`
        findings.add('corruption', {
          id: 'udif-data-checksum',
          message,
          remedy,
          offset: trailer.dataForkOffset,
        })
      }
    }
    const covers = metadata.checksums.every(({ checksumType }) => checksumType === crc32Type)
    if (trailer.masterChecksumType === crc32Type && covers) {
      checked.push('checksum of the block tables')
      const found = masterChecksum(metadata)
      if (found !== trailer.masterChecksum) {
        const message = `The checksums of the block tables have the CRC-32 ${hex(found)}, the trailer says ${hex(trailer.masterChecksum)}.`
        findings.add('corruption', { id: 'udif-master-checksum', message, remedy })
      }
    }
    const allocatedBytes = runs.reduce(
      (sum, { kind, length }) => (kind === 'zero' || kind === 'ignore' ? sum : sum + length),
      0,
    )
    return { checked, allocatedBytes, leakedBytes: 0 }
  })
}

async function dataChecksum(
  { source }: ImageFile,
  { trailer }: UdifMetadata,
  { signal, onProgress }: CheckOptions,
): Promise<number> {
  const { dataForkOffset: start, dataForkLength: length } = trailer
  let register = 0xffff_ffff
  let done = 0
  for await (const piece of readPieces(source, { start, end: start + length }, 'UDIF data')) {
    signal?.throwIfAborted()
    register = crc32(piece, { start: register, raw: true })
    done += piece.length
    onProgress?.(done, length)
  }
  return ~register >>> 0
}

function masterChecksum({ checksums }: UdifMetadata): number {
  const bytes = new Uint8Array(checksums.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, { checksum }] of checksums.entries()) view.setUint32(index * 4, checksum)
  return crc32(bytes)
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
