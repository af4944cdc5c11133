import { DiskError } from '../problems/disk-error.ts'
import { Manifest, chunkSize, leafSize } from './disk-digest.ts'

/*
 * A manifest as a file, big-endian:
 *
 *    0  8  `VARVEMAN`
 *    8  4  version, 1
 *   12  4  algorithm, 1 = BLAKE3-256
 *   16  4  bytes of L3 under one leaf
 *   20  8  size of the disk in bytes
 *   28  4  number of entries
 *   32  …  entries of 36 bytes in rising order of chunks: index of the chunk, its leaf
 *
 * Chunks without an entry are all zero.
 */
const magic = new TextEncoder().encode('VARVEMAN')
const version = 1
const algorithm = 1
const headerSize = 32
const entrySize = 4 + leafSize
const entriesPerPiece = 4096
/** Pages of 1,024 leaves that a file may make us allocate: 33 KiB each, so 1 GiB. */
const mostPages = 32_768
const leavesPerPage = 1024

/** The manifest as the pieces of a file, in order. */
export function* encodeManifest(manifest: Manifest): Generator<Uint8Array> {
  let count = 0
  for (const _ of manifest.entries()) count += 1
  const header = new Uint8Array(headerSize)
  header.set(magic)
  const view = new DataView(header.buffer)
  view.setUint32(8, version)
  view.setUint32(12, algorithm)
  view.setUint32(16, chunkSize)
  view.setBigUint64(20, BigInt(manifest.size))
  view.setUint32(28, count)
  yield header
  let piece = new Uint8Array(entriesPerPiece * entrySize)
  let at = 0
  for (const { index, leaf } of manifest.entries()) {
    new DataView(piece.buffer).setUint32(at, index)
    piece.set(leaf, at + 4)
    at += entrySize
    if (at < piece.length) continue
    yield piece
    piece = new Uint8Array(entriesPerPiece * entrySize)
    at = 0
  }
  if (at > 0) yield piece.subarray(0, at)
}

/** The manifest in a file that `encodeManifest` made; throws `truncated`, `corrupt`, `unsupported-feature`, `limit-exceeded`. */
export function decodeManifest(bytes: Uint8Array, file = 'manifest'): Manifest {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { size, count } = decodeHeader(view, file)
  const manifest = new Manifest(size)
  const wanted = headerSize + count * entrySize
  if (bytes.length < wanted) {
    throw new DiskError('truncated', { file, structure: 'list of leaves', wanted, available: bytes.length })
  }
  if (bytes.length > wanted) corrupt(file, wanted, 'there are bytes after its last entry')
  let previous = -1
  let pages = 0
  for (let entry = 0; entry < count; entry += 1) {
    const at = headerSize + entry * entrySize
    const index = view.getUint32(at)
    if (index <= previous) corrupt(file, at, 'its entries are not in rising order')
    if (index >= manifest.chunks) corrupt(file, at, `chunk ${index} lies past the end of the disk`)
    if (previous === -1 || Math.floor(index / leavesPerPage) !== Math.floor(previous / leavesPerPage))
      pages += 1
    if (pages > mostPages) {
      throw new DiskError('limit-exceeded', { file, what: 'pages of leaves', value: pages, limit: mostPages })
    }
    manifest.setLeaf(index, bytes.subarray(at + 4, at + entrySize))
    previous = index
  }
  return manifest
}

function decodeHeader(view: DataView, file: string): { size: number; count: number } {
  if (view.byteLength < headerSize) {
    throw new DiskError('truncated', {
      file,
      structure: 'header of the manifest',
      wanted: headerSize,
      available: view.byteLength,
    })
  }
  if (magic.some((byte, at) => view.getUint8(at) !== byte))
    corrupt(file, 0, 'it does not begin with VARVEMAN')
  const unknown = (feature: string): never => {
    throw new DiskError('unsupported-feature', { file, format: 'manifest', feature })
  }
  if (view.getUint32(8) !== version) unknown(`version ${view.getUint32(8)}`)
  if (view.getUint32(12) !== algorithm) unknown(`digest algorithm ${view.getUint32(12)}`)
  if (view.getUint32(16) !== chunkSize) unknown(`chunks of ${view.getUint32(16)} bytes`)
  const size = view.getBigUint64(20)
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) corrupt(file, 20, `a disk of ${size} bytes cannot be`)
  return { size: Number(size), count: view.getUint32(28) }
}

function corrupt(file: string, offset: number, reason: string): never {
  throw new DiskError('corrupt', { file, structure: 'manifest', reason, offset })
}
