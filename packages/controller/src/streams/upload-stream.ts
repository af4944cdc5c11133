import { DiskError, fromErrorRecord } from '@varve/core/problems/disk-error'
import type { Received } from '@varve/protocol/file-streams'

/** A piece of a file on its way to the agent. */
export interface UploadPiece {
  readonly at: number
  readonly bytes: Buffer
  readonly sha256: string
}

/** How long an agent's question waits for a piece, in ms. */
const questionMs = 10_000
/** How long a piece may wait for the agent, in ms. */
const pieceMs = 60_000

interface Waiting {
  readonly piece: UploadPiece
  readonly settle: { resolve(received: number): void; reject(error: Error): void }
  isGiven: boolean
}

/** One upload between a browser, which puts one piece after the other, and an agent, which asks for them; holds one piece at most. */
export class UploadStream {
  readonly file: string
  readonly size: number
  /** Bytes that the agent has written, once it has said so. */
  readonly ready: Promise<number>
  readonly #ready = Promise.withResolvers<number>()
  #received = 0
  #waiting: Waiting | null = null
  #wake: (() => void) | null = null
  #end: { readonly error: Error } | null = null

  constructor({ file, size }: { readonly file: string; readonly size: number }) {
    this.file = file
    this.size = size
    this.ready = this.#ready.promise
    // Who does not wait for it is told by the next piece.
    this.ready.catch(() => {})
  }

  /** Whether a piece is on its way: another one need not even be read. */
  get isBusy(): boolean {
    return this.#waiting !== null
  }

  /** Hands a piece to the agent; gives how much is written once it is. Throws what the agent says, and `refused` out of turn. */
  async put(piece: UploadPiece): Promise<number> {
    if (this.#end) throw this.#end.error
    if (this.#waiting !== null) throw outOfTurn(this.file, 'another piece of it is on its way')
    if (piece.at !== this.#received) throw outOfTurn(this.file, `it goes on at byte ${this.#received}`)
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    this.#waiting = { piece, settle: { resolve, reject }, isGiven: false }
    this.#wake?.()
    const timer = setTimeout(() => {
      reject(new DiskError('no-progress', { file: this.file, during: 'the upload', seconds: pieceMs / 1000 }))
    }, pieceMs)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      if (this.#waiting?.piece === piece) this.#waiting = null
    }
  }

  /** The agent's question: what it has, and what comes next; null: nothing yet. */
  async next({ received, error }: Received): Promise<UploadPiece | null | 'closed'> {
    this.#ready.resolve(received)
    this.#answer(received, error)
    if (this.#isOver()) return 'closed'
    if (this.#waiting === null) await this.#piece()
    if (this.#isOver()) return 'closed'
    if (this.#waiting === null) return null
    this.#waiting.isGiven = true
    return this.#waiting.piece
  }

  /** Nothing more comes or goes. */
  close(error: Error): void {
    if (this.#end) return
    this.#end = { error }
    this.#ready.reject(error)
    this.#waiting?.settle.reject(error)
    this.#wake?.()
  }

  #isOver(): boolean {
    return this.#end !== null || (this.#received >= this.size && this.#waiting === null)
  }

  /** What became of the piece that it was given; one that did not arrive is given again. */
  #answer(received: number, error: Received['error']): void {
    const before = this.#received
    this.#received = received
    const waiting = this.#waiting
    if (waiting === null || !waiting.isGiven) return
    if (error !== null) waiting.settle.reject(fromErrorRecord(error))
    else if (received > before) waiting.settle.resolve(received)
    else return
    this.#waiting = null
  }

  async #piece(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, questionMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = null
  }
}

function outOfTurn(file: string, reason: string): DiskError {
  return new DiskError('refused', { file, reason, remedy: 'Ask how much has arrived, and go on from there.' })
}
