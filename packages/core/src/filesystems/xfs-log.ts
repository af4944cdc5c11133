import type { GuestRegion } from '../guest/guest-region.ts'

/** The log of a filesystem: a ring of basic blocks. */
export interface XfsLog {
  readonly region: GuestRegion
  /** Byte of the region at which it begins. */
  readonly at: number
  /** Of 512 bytes. */
  readonly blocks: number
}

const basicBlock = 512
/** Basic blocks that are read at once while its head is searched for: 64 KiB. */
const windowBlocks = 128
/** A record has at most 256 KiB and its headers; that of a clean unmount fits into a few blocks unless it is padded. */
const recordBlocks = { usual: 16, most: 528 }
const headerMagic = 0xfeedbabe
const headerCovers = 32 * 1024
const unmountFlag = 0x20

/**
 * Whether the log ends in an unmount record, so that nothing waits for replay (XFS Algorithms & Data Structures, chapter
 * "Journaling Log"); null when its end cannot be told. Reads one block per halving, then one window.
 */
export async function isLogClean(log: XfsLog): Promise<boolean | null> {
  if (log.blocks < 2 || log.blocks > 2 ** 31) return null
  const start = await readBlocks(log, 0, Math.min(windowBlocks, log.blocks))
  if (!start) return null
  const first = cycleAt(start, 0)
  if (first === 0) return true
  const head = await findHead(log, start)
  if (head === null) return null
  for (const count of [recordBlocks.usual, recordBlocks.most]) {
    const from = Math.max(0, head - count)
    const blocks = from === 0 && head <= windowBlocks ? start : await readBlocks(log, from, head - from)
    const verdict = blocks && endsInUnmount(blocks, head - from)
    if (verdict !== null) return verdict
  }
  return null
}

/** The block after the last one written: each carries the number of its turn around the ring, and behind it lies the turn before. */
async function findHead(log: XfsLog, start: Uint8Array): Promise<number | null> {
  const first = cycleAt(start, 0)
  const inStart = turnIn(start, first)
  if (inStart !== null) return inStart
  let low = start.length / basicBlock
  let high = log.blocks
  while (high - low > windowBlocks) {
    const middle = Math.floor((low + high) / 2)
    const block = await readBlocks(log, middle, 1)
    if (!block) return null
    if (cycleAt(block, 0) === first) low = middle
    else high = middle
  }
  const rest = await readBlocks(log, low, high - low)
  return rest && low + (turnIn(rest, first) ?? high - low)
}

/** The first block that is of another turn, or null. */
function turnIn(blocks: Uint8Array, turn: number): number | null {
  for (let at = 0; at < blocks.length; at += basicBlock) {
    if (cycleAt(blocks, at) !== turn) return at / basicBlock
  }
  return null
}

/** A record's header keeps the turn behind its magic number, every other block at its start. */
function cycleAt(blocks: Uint8Array, at: number): number {
  const view = viewOf(blocks)
  const word = view.getUint32(at)
  return word === headerMagic ? view.getUint32(at + 4) : word
}

/** Whether the last record before block `end` is that of an unmount; null when no header lies there. */
function endsInUnmount(blocks: Uint8Array, end: number): boolean | null {
  const view = viewOf(blocks)
  for (let block = end - 1; block >= 0; block -= 1) {
    const at = block * basicBlock
    if (view.getUint32(at) !== headerMagic) continue
    const isVersion2 = (view.getUint32(at + 8) & 2) !== 0
    const coverage = isVersion2 ? view.getUint32(at + 320) : 0
    const headers = Math.max(1, Math.ceil(coverage / headerCovers))
    const dataAt = block + headers
    const next = dataAt + Math.ceil(view.getUint32(at + 12) / basicBlock)
    const operations = view.getUint32(at + 40)
    if (next !== end || operations !== 1 || dataAt >= end) return false
    return ((blocks[dataAt * basicBlock + 9] ?? 0) & unmountFlag) !== 0
  }
  return null
}

function readBlocks({ region, at }: XfsLog, block: number, count: number): Promise<Uint8Array | null> {
  return region.peek(at + block * basicBlock, count * basicBlock)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
