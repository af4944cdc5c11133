import { chunkCount, chunkLength } from '@varve/core/digest/disk-digest'
import { chunkStates } from './requests.ts'

/**
 * The memory that all threads of one run share.
 *
 *   states   one byte per chunk (`chunkStates`); `waiting` = holds data and nobody took it yet
 *   cursor   the chunk after the last one taken; only grows
 *   turn     the `cursor` value that the next thread to place waits for, or `stopped`
 *   end      no chunk from here on is taken
 *   gate     chunks from the start whose state is known; threads may take those while the others are found out
 *   pen      held by the thread that writes: 1 held, 2 held and waited for, 0 free
 *   seats    of each worker thread 1 once it may take chunks: from then on it has to be waited for
 *
 * Threads take chunks in rising order. Who takes chunk i when the cursor stood at c may place it once `turn` is c, and
 * sets `turn` to i + 1 then, which is what the cursor stood at for the next one. So places are taken in rising order,
 * without a list of chunks and with one word.
 */
export interface BoardMemory {
  readonly size: number
  readonly states: SharedArrayBuffer
  readonly control: SharedArrayBuffer
  readonly totals: SharedArrayBuffer
  readonly seats: SharedArrayBuffer
}

/** A chunk that one thread works on. */
export interface Claim {
  readonly index: number
  readonly length: number
  /** Value of the turn at which it may be placed. */
  readonly turn: number
}

const word = { cursor: 0, turn: 1, end: 2, gate: 3, pen: 4 } as const
const pen = { free: 0, held: 1, waitedFor: 2 } as const
const total = { done: 0, skipped: 1, waitedInput: 2, waitedOutput: 3, shared: 4 } as const
const stopped = -1
/** How long who waits for the pen sleeps before it looks whether the run was stopped. */
const penPatienceMs = 100
/** Worker threads of one run, at most. */
export const maxSeats = 256

export function makeBoardMemory(size: number): BoardMemory {
  const chunks = chunkCount(size)
  const memory: BoardMemory = {
    size,
    states: new SharedArrayBuffer(chunks),
    control: new SharedArrayBuffer(Object.keys(word).length * Int32Array.BYTES_PER_ELEMENT),
    totals: new SharedArrayBuffer(Object.keys(total).length * BigInt64Array.BYTES_PER_ELEMENT),
    seats: new SharedArrayBuffer(maxSeats),
  }
  new Uint8Array(memory.states).fill(chunkStates.skipped)
  new Int32Array(memory.control)[word.end] = chunks
  return memory
}

/** One thread's view of the shared memory. */
export class ChunkBoard {
  readonly size: number
  readonly states: Uint8Array
  readonly #control: Int32Array
  readonly #totals: BigInt64Array
  readonly #seats: Uint8Array

  constructor(memory: BoardMemory) {
    this.size = memory.size
    this.states = new Uint8Array(memory.states)
    this.#control = new Int32Array(memory.control)
    this.#totals = new BigInt64Array(memory.totals)
    this.#seats = new Uint8Array(memory.seats)
  }

  /** Lets threads take what holds data among the first `chunks`: all of them are marked. By default, all of the disk. */
  openGate(chunks: number = this.states.length): void {
    Atomics.store(this.#control, word.gate, chunks)
    Atomics.notify(this.#control, word.gate)
  }

  /** Says that this worker thread may take chunks from now on. */
  sit(seat: number): void {
    Atomics.store(this.#seats, seat, 1)
  }

  /** Whether that worker thread ever could take a chunk. */
  isSeated(seat: number): boolean {
    return Atomics.load(this.#seats, seat) === 1
  }

  /**
   * The next chunk that holds data, or null when there is none left or the run was stopped. Blocks this thread while it
   * is not known whether there is one.
   */
  claim(): Claim | null {
    for (;;) {
      const gate = Atomics.load(this.#control, word.gate)
      const cursor = Atomics.load(this.#control, word.cursor)
      const found = this.states.indexOf(chunkStates.waiting, cursor)
      const index = found === -1 ? this.states.length : found
      if (index >= gate && gate < this.states.length) {
        Atomics.wait(this.#control, word.gate, gate)
        continue
      }
      if (index >= Atomics.load(this.#control, word.end) || this.isStopped) return null
      if (Atomics.compareExchange(this.#control, word.cursor, cursor, index + 1) !== cursor) continue
      this.states[index] = chunkStates.inFlight
      return { index, length: chunkLength(this.size, index), turn: cursor }
    }
  }

  /**
   * Blocks this thread until it is the turn of `claim`; false when the run was stopped, null when `patienceMs` went by
   * without any other's turn ending.
   */
  waitTurn({ turn }: Claim, patienceMs = Infinity): boolean | null {
    for (;;) {
      const now = Atomics.load(this.#control, word.turn)
      if (now === turn) return true
      if (now === stopped) return false
      if (Atomics.wait(this.#control, word.turn, now, patienceMs) === 'timed-out') return null
    }
  }

  /** As `waitTurn`, without waiting: null when it is not the turn of `claim` yet. */
  isTurn({ turn }: Claim): boolean | null {
    const now = Atomics.load(this.#control, word.turn)
    return now === turn ? true : now === stopped ? false : null
  }

  /** As `waitTurn`, for threads whose event loop must go on. */
  async untilTurn({ turn }: Claim): Promise<boolean> {
    for (;;) {
      const now = Atomics.load(this.#control, word.turn)
      if (now === turn) return true
      if (now === stopped) return false
      const wait = Atomics.waitAsync(this.#control, word.turn, now)
      if (wait.async) await wait.value
    }
  }

  passTurn({ turn, index }: Claim): void {
    Atomics.compareExchange(this.#control, word.turn, turn, index + 1)
    Atomics.notify(this.#control, word.turn)
  }

  /**
   * Takes the pen: threads that write to one file at the same time wait for each other in the kernel, again and again for
   * each piece. Null when another thread has it and `mayWait` is false; else blocks; false when the run was stopped.
   */
  takePen(mayWait: boolean): boolean | null {
    if (this.#changePen(pen.free, pen.held)) return true
    if (!mayWait) return null
    while (!this.isStopped) {
      // Whoever got it after waiting cannot know whether others wait, so it says that they do.
      if (this.#changePen(pen.free, pen.waitedFor)) return true
      this.#changePen(pen.held, pen.waitedFor)
      Atomics.wait(this.#control, word.pen, pen.waitedFor, penPatienceMs)
    }
    return false
  }

  layPen(): void {
    if (Atomics.exchange(this.#control, word.pen, pen.free) !== pen.waitedFor) return
    Atomics.notify(this.#control, word.pen, 1)
  }

  #changePen(from: number, to: number): boolean {
    return Atomics.compareExchange(this.#control, word.pen, from, to) === from
  }

  /** Counts the chunk as done, as `written`, `proven` or `skipped`. */
  finish({ index, length }: Claim, state: number): void {
    this.states[index] = state
    Atomics.add(this.#totals, total.done, BigInt(length))
    if (state === chunkStates.skipped) Atomics.add(this.#totals, total.skipped, BigInt(length))
  }

  /** Counts bytes that the target shares with the source. */
  addShared(bytes: number): void {
    Atomics.add(this.#totals, total.shared, BigInt(bytes))
  }

  addWaited(kind: 'input' | 'output', milliseconds: number): void {
    const place = kind === 'input' ? total.waitedInput : total.waitedOutput
    Atomics.add(this.#totals, place, BigInt(Math.round(milliseconds * 1000)))
  }

  /** No chunk from `index` on is taken any more. */
  endBefore(index: number): void {
    for (;;) {
      const end = Atomics.load(this.#control, word.end)
      if (end <= index) return
      if (Atomics.compareExchange(this.#control, word.end, end, index) === end) return
    }
  }

  /** Ends the run: nothing more is taken or placed, and waiting threads wake up. */
  stop(): void {
    Atomics.store(this.#control, word.turn, stopped)
    Atomics.notify(this.#control, word.turn)
    Atomics.notify(this.#control, word.pen)
    this.openGate()
  }

  get isStopped(): boolean {
    return Atomics.load(this.#control, word.turn) === stopped
  }

  /** Bytes and seconds so far, over all threads. */
  get totals() {
    const read = (place: number) => Number(Atomics.load(this.#totals, place))
    return {
      doneBytes: read(total.done),
      skippedBytes: read(total.skipped),
      sharedBytes: read(total.shared),
      waited: { input: read(total.waitedInput) / 1e6, output: read(total.waitedOutput) / 1e6 },
    }
  }
}
