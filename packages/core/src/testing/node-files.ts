import { unknownPlace } from '../image/unknown-place.ts'
import { createHash } from 'node:crypto'
import { open, readdir, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { constants, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { assertInside } from '../binary/byte-source.ts'
import type { ByteSource } from '../binary/byte-source.ts'
import { DiskError } from '../problems/disk-error.ts'
import { resolveReference } from '../image/resolve-reference.ts'
import type { Codecs, ImageFile, ImageFiles, ImagePorts } from '../image/image-files.ts'

/** Plain files of the machine that runs the tests; without limits of place, holes or change detection. */
export const nodeFiles: ImageFiles = {
  open: openNodeFile,
  resolve: (from, reference) => resolveReference(reference, { from, rules: 'posix' }),
  list: async (folder) => await readdir(folder).catch(() => []),
  place: async () => unknownPlace,
}

/** Input that ends with the sector, not with the stream, is not an error. */
const cutShort = { finishFlush: constants.Z_SYNC_FLUSH }

/** Node's own decompressors. */
export const nodeCodecs: Codecs = {
  inflateRaw: (bytes, size) =>
    upTo(size, (maxOutputLength) => inflateRawSync(bytes, { maxOutputLength, ...cutShort })),
  inflate: (bytes, size) =>
    upTo(size, (maxOutputLength) => inflateSync(bytes, { maxOutputLength, ...cutShort })),
  zstd: (bytes, size) =>
    upTo(size, (maxOutputLength) => zstdDecompressSync(firstFrame(bytes), { maxOutputLength })),
}

/** Node's own digests. */
export const startNodeHash: NonNullable<ImagePorts['startHash']> = async (algorithm) => {
  const hash = createHash(algorithm)
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') }
}

export const nodePorts: ImagePorts = { files: nodeFiles, codecs: nodeCodecs, startHash: startNodeHash }

async function openNodeFile(path: string): Promise<ImageFile> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw new DiskError('not-found', { file: path }, { cause: error })
  })
  const stats = await stat(path)
  if (stats.isDirectory()) {
    await handle.close()
    throw new DiskError('not-an-image', { file: path, reason: 'it is a folder' })
  }
  const { size, mtimeMs, ctimeMs, birthtimeMs, ino, blocks } = stats
  const source: ByteSource = {
    name: basename(path),
    size,
    async readInto(target, at) {
      assertInside(source, { start: at, end: at + target.length }, 'data')
      let done = 0
      while (done < target.length) {
        const { bytesRead } = await handle.read(target, done, target.length - done, at + done)
        if (bytesRead === 0)
          throw new DiskError('input-output', { file: path, reason: 'the file became shorter' })
        done += bytesRead
      }
    },
    async *extents({ start, end }) {
      if (start < end) yield { start, length: end - start, content: 'data' }
    },
  }
  return {
    path,
    source,
    allocated: blocks * 512,
    fingerprint: {
      size,
      modifiedMs: mtimeMs,
      changedMs: ctimeMs,
      createdMs: birthtimeMs,
      inode: String(ino),
    },
    [Symbol.asyncDispose]: async () => {
      await handle.close()
    },
  }
}

function upTo(size: number, decompress: (maxOutputLength: number) => Uint8Array): Uint8Array {
  const bytes = decompress(size)
  if (bytes.length > size) throw new RangeError(`more than ${size} bytes`)
  return bytes
}

/** Node unpacks every frame there is; of a cluster only the first is meant. Frames as QEMU and Node write them: no dictionary. */
function firstFrame(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const descriptor = view.getUint8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  let at = 5 + (isSingleSegment ? 0 : 1) + ([isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0)
  let isLast = false
  while (!isLast) {
    const block = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    isLast = (block & 1) === 1
    at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3)
  }
  return bytes.subarray(0, at + ((descriptor & 4) === 0 ? 0 : 4))
}
