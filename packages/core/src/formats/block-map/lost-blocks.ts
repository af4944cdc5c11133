import { isHole, type ByteSource } from '../../binary/byte-source.ts'
import { isZero } from '../../binary/zero-scan.ts'

/** Room that would hold whole blocks and that no table names. */
export interface Gap {
  readonly start: number
  readonly end: number
}

/** Gaps that are kept to be looked into, at most. */
export const mostGaps = 4096
/** Bytes that are read to see what gaps hold; those beyond are taken for data. */
const mostReadBytes = 256 * 1024 * 1024
const pieceSize = 1024 * 1024

export interface GapLook {
  readonly source: ByteSource
  readonly blockLength: number
  readonly signal?: AbortSignal | undefined
}

/** A gap with the blocks in it that are not all zeros. */
export interface GapWithData extends Gap {
  readonly blocks: number
}

/**
 * The gaps that hold data. In a file whose tables name all that was written there is none: a block that was given up has an
 * entry that says zeros, and one that was never written is zeros.
 */
export async function gapsWithData(gaps: readonly Gap[], look: GapLook): Promise<GapWithData[]> {
  const found: GapWithData[] = []
  const budget = { left: mostReadBytes }
  for (const gap of gaps) {
    let blocks = 0
    for (let at = gap.start; at + look.blockLength <= gap.end; at += look.blockLength) {
      look.signal?.throwIfAborted()
      if (await hasData({ start: at, end: at + look.blockLength }, look, budget)) blocks += 1
    }
    if (blocks > 0) found.push({ ...gap, blocks })
  }
  return found
}

async function hasData({ start, end }: Gap, { source }: GapLook, budget: { left: number }): Promise<boolean> {
  const buffer = new Uint8Array(Math.min(pieceSize, end - start))
  for (let at = start; at < end; at += pieceSize) {
    const stop = Math.min(end, at + pieceSize)
    if (await isHole(source, { start: at, end: stop })) continue
    budget.left -= stop - at
    if (budget.left < 0) return true
    const piece = buffer.subarray(0, stop - at)
    await source.readInto(piece, at)
    if (!isZero(piece)) return true
  }
  return false
}
