import { unknownPlace } from '../../../image/unknown-place.ts'
import { memorySource } from '../../../binary/byte-source.ts'
import { DiskError } from '../../../problems/disk-error.ts'
import { nodeCodecs } from '../../../testing/node-files.ts'
import type { ImageFile, ImagePorts } from '../../../image/image-files.ts'
import { encodeDataEntry } from '../cluster-entry.ts'
import { extensionHead, headerMore, headerStart, headerVersion3, qcowMagic } from '../header.ts'

/** Clusters of 512 bytes: header, refcount table, L1 table, one L2 table (64 entries), then two clusters of data. */
export const handmade = {
  clusterSize: 512,
  refcountTableAt: 512,
  l1At: 1024,
  l2At: 1536,
  dataAt: 2048,
  virtualSize: 64 * 512,
  fileSize: 3072,
}

const startFields = {
  magic: qcowMagic,
  version: 3,
  backingFileOffset: 0,
  backingFileSize: 0,
  clusterBits: 9,
  virtualSize: handmade.virtualSize,
  cryptMethod: 0,
  l1Size: 1,
  l1TableOffset: handmade.l1At,
  refcountTableOffset: handmade.refcountTableAt,
  refcountTableClusters: 1,
  snapshotCount: 0,
  snapshotsOffset: 0,
}

const version3Fields = {
  incompatibleHigh: 0,
  incompatibleLow: 0,
  compatibleHigh: 0,
  compatibleLow: 0,
  autoclearHigh: 0,
  autoclearLow: 0,
  refcountOrder: 4,
  headerLength: 112,
}

export interface HandmadeOptions {
  readonly start?: Partial<typeof startFields>
  readonly version3?: Partial<typeof version3Fields>
  readonly compressionType?: number
  readonly extensions?: readonly { type: number; body: Uint8Array }[]
  /** Bytes put over the finished image. */
  readonly patches?: readonly { at: number; bytes: Uint8Array }[]
}

/** A small valid image: guest cluster 0 is all 1, guest cluster 1 all 2, the rest unallocated; unless told otherwise. */
export function handmadeImage(options: HandmadeOptions = {}): Uint8Array {
  const bytes = new Uint8Array(handmade.fileSize)
  bytes.set(headerStart.write({ ...startFields, ...options.start }))
  bytes.set(headerVersion3.write({ ...version3Fields, ...options.version3 }), 72)
  bytes.set(
    headerMore.write({ compressionType: options.compressionType ?? 0, padding: new Uint8Array(7) }),
    104,
  )
  let at = 112
  for (const { type, body } of options.extensions ?? []) {
    bytes.set(extensionHead.write({ type, length: body.length }), at)
    bytes.set(body, at + 8)
    at += 8 + Math.ceil(body.length / 8) * 8
  }
  bytes.set(entry(encodeDataEntry(handmade.l2At)), handmade.l1At)
  bytes.set(entry(encodeDataEntry(handmade.dataAt)), handmade.l2At)
  bytes.set(entry(encodeDataEntry(handmade.dataAt + 512)), handmade.l2At + 8)
  bytes.fill(1, handmade.dataAt, handmade.dataAt + 512)
  bytes.fill(2, handmade.dataAt + 512)
  for (const patch of options.patches ?? []) bytes.set(patch.bytes, patch.at)
  return bytes
}

/** A table entry of 64 bits. */
export function entry({ high, low }: { high: number; low: number }): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, high)
  view.setUint32(4, low)
  return bytes
}

export function memoryFile(bytes: Uint8Array, path = '/images/disk.qcow2'): ImageFile {
  return {
    path,
    source: memorySource(bytes, path),
    allocated: null,
    fingerprint: { size: bytes.length, modifiedMs: 0, changedMs: 0, inode: path },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Ports over files in memory. */
export function memoryPorts(files: Readonly<Record<string, Uint8Array>> = {}): ImagePorts {
  return {
    codecs: nodeCodecs,
    files: {
      async open(path) {
        const bytes = files[path]
        if (bytes) return memoryFile(bytes, path)
        throw new DiskError('not-found', { file: path })
      },
      resolve: (_from, reference) => `/images/${reference}`,
      list: async () => Object.keys(files),
      place: async () => unknownPlace,
    },
  }
}
