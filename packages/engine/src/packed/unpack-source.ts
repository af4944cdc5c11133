import { crc32 } from 'node:zlib'
import { readPieces, sliceSource, type ByteSource } from '@varve/core/binary/byte-source'
import { onlyMember } from '@varve/core/image/zip'
import type { PackingName } from '@varve/core/image/packing'
import { DiskError } from '@varve/core/problems/disk-error'
import { damaged } from './packed-errors.ts'
import { unpackBzip2Streams } from './unpack-bzip2.ts'
import { unpackMembers, unpackOne } from './unpack-members.ts'
import { unpackXzStreams } from './unpack-xz.ts'

/**
 * Everything that `source` unpacks to, in pieces that are good until the next one is asked for. Throws
 * `decompression-failed` and `truncated` for damage, `unsupported-feature`, `limit-exceeded`, `encrypted`.
 */
export function unpackSource(
  source: ByteSource,
  packing: PackingName,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  switch (packing) {
    case 'gzip':
    case 'zstd':
      return unpackMembers(source, packing, signal)
    case 'xz':
      return unpackXzStreams(source, signal)
    case 'bzip2':
      return unpackBzip2Streams(source, signal)
    case 'zip':
      return unpackZip(source, signal)
  }
}

async function* unpackZip(source: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const { start, packedSize, size, crc, method } = await onlyMember(source)
  const slice = sliceSource(source, { start, end: start + packedSize })
  const pieces =
    method === 'stored'
      ? readPieces(slice, { start: 0, end: packedSize }, 'ZIP member')
      : unpackOne(slice, { kind: 'deflate', offset: start, signal })
  let done = 0
  let found = 0
  for await (const piece of pieces) {
    signal?.throwIfAborted()
    done += piece.length
    if (done > size) break
    found = crc32(piece, found)
    yield piece
  }
  if (done !== size) throw damaged(source.name, start, `it unpacks to another number of bytes than ${size}`)
  if (found !== crc) throw damaged(source.name, start, 'what it unpacks to differs from its checksum')
}

/** Bytes that one file unpacks to, at most: the largest file of ext4. */
export const maxUnpackedBytes = 16 * 1024 ** 4

export function tooLarge(file: string): DiskError {
  return new DiskError('limit-exceeded', {
    file,
    what: 'number of bytes that it unpacks to',
    value: `over ${maxUnpackedBytes}`,
    limit: maxUnpackedBytes,
  })
}
