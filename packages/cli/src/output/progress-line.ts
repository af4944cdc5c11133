import { formatBytes, formatRate } from '@varve/core/binary/format-bytes'

export interface ProgressSample {
  readonly done: number
  readonly total: number | null
  /** Bytes a second and seconds left as somebody else measured them; by default they follow from what this line was shown. */
  readonly rate?: number | null
  readonly secondsLeft?: number | null
}

const width = 28

/** One line that is rewritten in place on a terminal; elsewhere nothing is shown. */
export class ProgressLine {
  readonly #isTerminal: boolean
  readonly #label: string
  readonly #startedMs = performance.now()
  #shownMs = -Infinity
  #open = false

  constructor(label: string, isTerminal: boolean) {
    this.#label = label
    this.#isTerminal = isTerminal
  }

  show({ done, total, ...measured }: ProgressSample): void {
    const now = performance.now()
    if (!this.#isTerminal || now - this.#shownMs < 100) return
    this.#shownMs = now
    const seconds = (now - this.#startedMs) / 1000
    const rate = measured.rate === undefined ? (seconds > 0 ? done / seconds : 0) : measured.rate
    const share = total === null || total === 0 ? 1 : Math.min(1, done / total)
    const full = Math.round(share * width)
    const bar = '█'.repeat(full) + '░'.repeat(width - full)
    const own = rate !== null && rate > 0 && total !== null ? (total - done) / rate : null
    const secondsLeft = measured.secondsLeft === undefined ? own : measured.secondsLeft
    const left = secondsLeft === null ? '' : `${Math.ceil(secondsLeft)} s left`
    const parts = [
      `${String(Math.floor(share * 100)).padStart(3)} %`,
      `${formatBytes(done)} of ${total === null ? '?' : formatBytes(total)}`,
      rate === null ? '' : formatRate(rate),
      left,
    ]
    process.stderr.write(`\r\u001B[K${this.#label} ${bar} ${parts.filter(Boolean).join(' · ')}`)
    this.#open = true
  }

  /** Takes the line away, so that the result stands alone. */
  end(): void {
    if (this.#open) process.stderr.write('\r\u001B[K')
    this.#open = false
  }
}
