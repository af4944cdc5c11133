import { chunkSize } from '@varve/core/digest/disk-digest'
import type { DiskReader } from '@varve/core/formats/disk-reader'
import type { ChunkBoard, Claim } from './chunk-board.ts'

export interface ClaimedChunk {
  readonly claim: Claim
  /** One buffer per disk, filled; valid until the next chunk is asked for. */
  readonly bytes: readonly Uint8Array[]
}

interface Reading {
  readonly claim: Claim
  readonly buffers: readonly Uint8Array[]
  readonly bytes: readonly Uint8Array[]
  readonly done: Promise<unknown>
}

/**
 * Takes chunk after chunk and reads it from all `disks`, `depth` chunks ahead of what is worked on. Reading ahead pays
 * where reading means waiting (a network); with blocking reads one is right.
 */
export async function* claimedChunks(
  board: ChunkBoard,
  disks: readonly DiskReader[],
  depth: number,
): AsyncGenerator<ClaimedChunk> {
  board.waitGate()
  const queue: Reading[] = []
  const free: (readonly Uint8Array[])[] = []
  for (;;) {
    const started = performance.now()
    while (queue.length < depth) {
      const claim = board.claim()
      if (claim === null) break
      queue.push(startReading(claim, disks, free.pop() ?? disks.map(() => new Uint8Array(chunkSize))))
    }
    const reading = queue.shift()
    if (!reading) return
    await reading.done
    board.addWaited('input', performance.now() - started)
    yield reading
    free.push(reading.buffers)
  }
}

function startReading(claim: Claim, disks: readonly DiskReader[], buffers: readonly Uint8Array[]): Reading {
  const bytes = buffers.map((buffer) => buffer.subarray(0, claim.length))
  const at = claim.index * chunkSize
  const done = Promise.all(
    disks.map(async (disk, place) => disk.readInto(bytes[place] ?? new Uint8Array(), at)),
  )
  // A failure is thrown when its chunk's turn comes; until then it must not count as unhandled.
  done.catch(() => {})
  return { claim, buffers, bytes, done }
}
