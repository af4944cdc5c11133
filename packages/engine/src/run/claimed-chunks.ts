import { setImmediate } from 'node:timers/promises'
import { chunkSize } from '@varve/core/digest/disk-digest'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import type { ChunkBoard, Claim } from './chunk-board.ts'
import { leafOf, readWithLeaf } from './read-with-leaf.ts'

export interface ClaimedChunk {
  readonly claim: Claim
  /** One buffer per disk, filled; valid until `release`. */
  readonly bytes: readonly Uint8Array[]
  /** Of the first disk's bytes; null for zeros, and where none is wanted. */
  readonly leaf: Uint8Array | null
  /** Gives the buffers back, for a chunk to come. */
  readonly release: () => void
}

/** How a thread takes part in a run. */
export interface Membership {
  /** Its place among the worker threads; null for the main thread. */
  readonly seat: number | null
  /** Its event loop has other work, which gets a turn every few chunks. */
  readonly isMain: boolean
  /** Whether the leaves of the first disk are wanted; they are null else. */
  readonly hashes: boolean
  /** Chunks that are read at a time: reading ahead pays where reading means waiting, as for a network. */
  readonly depth: number
}

interface Reading {
  readonly claim: Claim
  readonly buffers: readonly Uint8Array[]
  readonly bytes: readonly Uint8Array[]
  readonly leaf: Promise<Uint8Array | null>
}

/** So long the main thread works at a time: a turn of its event loop costs as much as a hundredth of a chunk. */
const turnMs = 8

/** Takes chunk after chunk, reads it from all `disks` and hashes what the first one gave. */
export async function* claimedChunks(
  board: ChunkBoard,
  disks: readonly DiskReader[],
  { seat, isMain, depth, hashes }: Membership,
): AsyncGenerator<ClaimedChunk> {
  if (seat !== null) board.sit(seat)
  const read = depth > 1 ? readAhead : hashes ? readInPieces : readOnly
  const queue: Reading[] = []
  const free: (readonly Uint8Array[])[] = []
  let turn = performance.now()
  for (;;) {
    const started = performance.now()
    while (queue.length < depth) {
      const claim = board.claim()
      if (claim === null) break
      const buffers = free.pop() ?? disks.map(() => new Uint8Array(chunkSize))
      queue.push(startReading(claim, { disks, buffers, read }))
    }
    const reading = queue.shift()
    if (!reading) return
    const leaf = await reading.leaf
    board.addWaited('input', performance.now() - started)
    const { claim, bytes, buffers } = reading
    yield { claim, bytes, leaf, release: () => free.push(buffers) }
    if (!isMain || performance.now() - turn < turnMs) continue
    await setImmediate()
    turn = performance.now()
  }
}

type Read = (
  disks: readonly DiskReader[],
  targets: readonly Uint8Array[],
  at: number,
) => Promise<Uint8Array | null>

interface Sources {
  readonly disks: readonly DiskReader[]
  readonly buffers: readonly Uint8Array[]
  readonly read: Read
}

function startReading(claim: Claim, { disks, buffers, read }: Sources): Reading {
  const bytes = buffers.map((buffer) => buffer.subarray(0, claim.length))
  const leaf = read(disks, bytes, claim.index * chunkSize)
  // A failure is thrown when its chunk's turn comes; until then it must not count as unhandled.
  leaf.catch(() => {})
  return { claim, buffers, bytes, leaf }
}

/** All disks at once; the first disk's bytes are hashed when they are there. */
const readAhead: Read = async (disks, targets, at) => {
  await Promise.all(disks.map(async (disk, place) => disk.readInto(targets[place] ?? new Uint8Array(), at)))
  return leafOf(targets[0] ?? new Uint8Array())
}

const readOnly: Read = async (disks, targets, at) => {
  for (const [place, disk] of disks.entries()) await disk.readInto(targets[place] ?? new Uint8Array(), at)
  return null
}

/** One disk after the other; the first disk's bytes are hashed while they are in the processor's cache. */
const readInPieces: Read = async ([first, ...others], [target, ...further], at) => {
  const leaf = first && target ? await readWithLeaf(first, target, at) : null
  await readOnly(others, further, at)
  return leaf
}
