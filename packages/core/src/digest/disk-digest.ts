import { fromHex } from '../binary/hex.ts'
import { DiskError } from '../problems/disk-error.ts'

/** Bytes of L3 under one leaf. */
export const chunkSize = 4 * 1024 * 1024
/** Bytes of a leaf and of the root. */
export const leafSize = 32

/** BLAKE3-256, brought by each platform (native where there is one). */
export interface Hashing {
  blake3(bytes: Uint8Array): Uint8Array
  startBlake3(): { update(bytes: Uint8Array): void; digest(): Uint8Array }
}

/** Chunks of a disk of `size` bytes. */
export function chunkCount(size: number): number {
  return Math.ceil(size / chunkSize)
}

/** Bytes of chunk `index` of a disk of `size` bytes. */
export function chunkLength(size: number, index: number): number {
  return Math.min(chunkSize, size - index * chunkSize)
}

const leavesPerPage = 1024

/**
 * The leaves of a disk's digest, one per 4 MiB chunk; proves a copy, finds what differs, and is kept as evidence.
 * Memory grows with the chunks that are not zero: a page is made when its first leaf is set.
 */
export class Manifest {
  readonly size: number
  readonly #pages = new Map<number, { leaves: Uint8Array; set: Uint8Array }>()

  constructor(size: number) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new DiskError('limit-exceeded', {
        file: 'manifest',
        what: 'size of the disk',
        value: size,
        limit: Number.MAX_SAFE_INTEGER,
      })
    }
    this.size = size
  }

  get chunks(): number {
    return chunkCount(this.size)
  }

  /** The leaf of chunk `index`, or null for a chunk of zeros. */
  leaf(index: number): Uint8Array | null {
    const page = this.#pages.get(Math.floor(index / leavesPerPage))
    const slot = index % leavesPerPage
    return page?.set[slot] === 1 ? page.leaves.subarray(slot * leafSize, (slot + 1) * leafSize) : null
  }

  setLeaf(index: number, leaf: Uint8Array): void {
    if (index < 0 || index >= this.chunks || leaf.length !== leafSize) {
      throw new RangeError(`leaf ${index} of ${this.chunks}, ${leaf.length} bytes`)
    }
    const pageIndex = Math.floor(index / leavesPerPage)
    let page = this.#pages.get(pageIndex)
    if (!page) {
      page = { leaves: new Uint8Array(leavesPerPage * leafSize), set: new Uint8Array(leavesPerPage) }
      this.#pages.set(pageIndex, page)
    }
    const slot = index % leavesPerPage
    page.leaves.set(leaf, slot * leafSize)
    page.set[slot] = 1
  }

  /** The leaves that are set, in order of chunks. */
  *entries(): Generator<{ index: number; leaf: Uint8Array }> {
    for (const pageIndex of [...this.#pages.keys()].sort((a, b) => a - b)) {
      for (let slot = 0; slot < leavesPerPage; slot += 1) {
        const index = pageIndex * leavesPerPage + slot
        const leaf = this.leaf(index)
        if (leaf) yield { index, leaf }
      }
    }
  }

  pageIsEmpty(pageIndex: number): boolean {
    return !this.#pages.has(pageIndex)
  }
}

/** BLAKE3-256 of 4 MiB of zeros: known, since each short run would spend more on it than on a whole small disk. */
const zeroChunkLeaf =
  fromHex('04e52cd2da6a0e1f338b0078369130d96585c1de65057da5dd1283b12fb853e1') ?? new Uint8Array(leafSize)

/** Leaf of a chunk of `length` zero bytes. */
export function zeroLeaf(hashing: Hashing, length: number): Uint8Array {
  return length === chunkSize ? zeroChunkLeaf : hashing.blake3(new Uint8Array(length))
}

/**
 * The root of the disk digest (DESIGN.md section 4): BLAKE3-256 over `varve-disk-digest`, version 1 (u32be), algorithm 1
 * = BLAKE3-256 (u32be), size (u64be), chunk size (u32be), then every leaf in order.
 */
export function digestRoot(manifest: Manifest, hashing: Hashing): Uint8Array {
  const hasher = hashing.startBlake3()
  hasher.update(new TextEncoder().encode('varve-disk-digest'))
  const header = new DataView(new ArrayBuffer(20))
  header.setUint32(0, 1)
  header.setUint32(4, 1)
  header.setBigUint64(8, BigInt(manifest.size))
  header.setUint32(16, chunkSize)
  hasher.update(new Uint8Array(header.buffer))
  const { chunks, size } = manifest
  if (chunks === 0) return hasher.digest()
  const zero = zeroLeaf(hashing, chunkSize)
  const zeroPage = new Uint8Array(leavesPerPage * leafSize)
  for (let slot = 0; slot < leavesPerPage; slot += 1) zeroPage.set(zero, slot * leafSize)
  const last = chunks - 1
  let index = 0
  while (index < last) {
    const pageIndex = Math.floor(index / leavesPerPage)
    const pageEnd = Math.min(last, (pageIndex + 1) * leavesPerPage)
    if (manifest.pageIsEmpty(pageIndex)) {
      hasher.update(zeroPage.subarray(0, (pageEnd - index) * leafSize))
      index = pageEnd
      continue
    }
    for (; index < pageEnd; index += 1) hasher.update(manifest.leaf(index) ?? zero)
  }
  hasher.update(manifest.leaf(last) ?? zeroLeaf(hashing, chunkLength(size, last)))
  return hasher.digest()
}

/** Chunks in which the two differ; throws `digest-mismatch` when the sizes do. */
export function* differingChunks(expected: Manifest, found: Manifest): Generator<number> {
  if (expected.size !== found.size) {
    throw new DiskError('digest-mismatch', {
      file: 'manifest',
      expected: `${expected.size} bytes`,
      found: `${found.size} bytes`,
      chunk: null,
    })
  }
  const seen = new Set<number>()
  for (const { index, leaf } of expected.entries()) {
    seen.add(index)
    const other = found.leaf(index)
    if (!other || !sameBytes(leaf, other)) yield index
  }
  for (const { index } of found.entries()) if (!seen.has(index)) yield index
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false
  return true
}
