import type { NbdExport } from '../nbd-export.ts'

/** Where what was written is kept, at the places that it has on the disk. */
export interface WrittenStore {
  read(target: Uint8Array, at: number): Promise<void>
  write(bytes: Uint8Array, at: number): Promise<void>
}

const blockSize = 4096

/** The export with writes that go to `store` alone and are read back from there; what lies below is never written. */
export function throwAwayExport(below: NbdExport, store: WrittenStore): NbdExport {
  const written = new Set<number>()
  let last: Promise<void> = Promise.resolve()

  async function readInto(target: Uint8Array, at: number): Promise<void> {
    const end = at + target.length
    for (let from = at; from < end;) {
      const isWritten = written.has(blockOf(from))
      let to = nextBlock(from)
      while (to < end && written.has(blockOf(to)) === isWritten) to = nextBlock(to)
      const part = target.subarray(from - at, Math.min(to, end) - at)
      await (isWritten ? store.read(part, from) : below.readInto(part, from))
      from = to
    }
  }

  /** Blocks that are written in part are kept whole. */
  async function writeWhole(bytes: Uint8Array, at: number): Promise<void> {
    const start = at - (at % blockSize)
    const end = Math.min(below.size, Math.ceil((at + bytes.length) / blockSize) * blockSize)
    const whole = new Uint8Array(end - start)
    const head = whole.subarray(0, at - start)
    const tail = whole.subarray(at + bytes.length - start)
    if (head.length > 0) await readInto(head, start)
    if (tail.length > 0) await readInto(tail, at + bytes.length)
    whole.set(bytes, at - start)
    await store.write(whole, start)
    for (let block = blockOf(start); block * blockSize < end; block += 1) written.add(block)
  }

  return {
    ...below,
    readInto,
    async *extents({ start, end }) {
      yield await Promise.resolve({ start, length: end - start, content: 'data' as const })
    },
    writer: {
      async write(bytes, at) {
        // One after the other: two may write parts of one block.
        const mine = last.then(async () => writeWhole(bytes, at))
        last = mine.catch(() => {})
        await mine
      },
      async flush() {
        await last
      },
    },
  }
}

const blockOf = (at: number) => Math.floor(at / blockSize)
const nextBlock = (at: number) => (blockOf(at) + 1) * blockSize
