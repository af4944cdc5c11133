import type { Extent } from '@varve/core/ranges/extent'

/** One chunk of the answer to a read. */
export interface ReadPiece {
  readonly content: 'data' | 'hole'
  readonly offset: number
  readonly length: number
}

/** Holes shorter than this are sent as data: a chunk of its own costs more than it saves. */
const smallestHole = 4096

/** Chunks in one answer; what lies after them is sent as one piece of data. */
const maxPieces = 256

/** The chunks that answer a read of `length` bytes at `offset` of a disk with these extents. */
export async function planRead(
  extents: AsyncIterable<Extent>,
  offset: number,
  length: number,
): Promise<ReadPiece[]> {
  const end = offset + length
  const pieces: ReadPiece[] = []
  let at = offset
  for await (const extent of extents) {
    const extentEnd = Math.min(extent.start + extent.length, end)
    if (extentEnd <= at) continue
    if (pieces.length >= maxPieces) break
    const isHole = extent.content !== 'data' && extentEnd - at >= smallestHole
    add(pieces, { content: isHole ? 'hole' : 'data', offset: at, length: extentEnd - at })
    at = extentEnd
    if (at === end) break
  }
  if (at < end) add(pieces, { content: 'data', offset: at, length: end - at })
  return pieces
}

/** Bytes of data in `pieces`. */
export function dataBytes(pieces: readonly ReadPiece[]): number {
  return pieces.reduce((sum, piece) => sum + (piece.content === 'data' ? piece.length : 0), 0)
}

function add(pieces: ReadPiece[], piece: ReadPiece): void {
  const last = pieces.at(-1)
  if (last?.content === piece.content) {
    pieces[pieces.length - 1] = { ...last, length: last.length + piece.length }
    return
  }
  pieces.push(piece)
}
