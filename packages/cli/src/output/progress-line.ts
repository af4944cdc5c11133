import { formatBytes, formatRate } from '@varve/core/units/format-bytes'
import { printable } from './text.ts'

export interface ProgressSample {
  readonly done: number
  readonly total: number | null
  /** Bytes a second and seconds left as somebody else measured them; by default they follow from what this line was shown. */
  readonly rate?: number | null
  readonly secondsLeft?: number | null
}

/** The part of a terminal that a progress line needs. */
export interface ProgressTerminal {
  readonly columns?: number | undefined
  write(text: string): unknown
}

const widestBar = 28
const narrowestBar = 5
const usualColumns = 80
const betweenMs = 100

/** One line that is rewritten in place on a terminal, never wider than it; elsewhere nothing is shown. */
export class ProgressLine {
  readonly #terminal: ProgressTerminal | null
  readonly #label: string
  readonly #startedMs = performance.now()
  #shownMs = -Infinity
  #open = false

  constructor(label: string, isTerminal: boolean, terminal: ProgressTerminal = process.stderr) {
    this.#terminal = isTerminal ? terminal : null
    this.#label = printable(label)
  }

  show(sample: ProgressSample): void {
    const now = performance.now()
    if (this.#terminal === null || now - this.#shownMs < betweenMs) return
    this.#shownMs = now
    const seconds = (now - this.#startedMs) / 1000
    // In the last column some terminals wrap.
    const width = (this.#terminal.columns || usualColumns) - 1
    this.#terminal.write(`\r\u001B[K${progressText(this.#label, { ...sample, seconds }, width)}`)
    this.#open = true
  }

  /** Takes the line away, so that what follows stands alone. */
  end(): void {
    if (this.#open) this.#terminal?.write('\r\u001B[K')
    this.#open = false
  }
}

/** Label, bar, share, bytes, rate and time left in at most `width` columns: the bar shrinks and goes first, then the end is cut. */
export function progressText(
  label: string,
  { done, total, seconds, ...measured }: ProgressSample & { readonly seconds: number },
  width: number,
): string {
  const rate = measured.rate === undefined ? (seconds > 0 ? done / seconds : 0) : measured.rate
  const own = rate !== null && rate > 0 && total !== null && total >= done ? (total - done) / rate : null
  const secondsLeft = measured.secondsLeft === undefined ? own : measured.secondsLeft
  const share = total === null || total === 0 ? null : Math.min(1, done / total)
  const text = [
    share === null ? '' : `${String(Math.floor(share * 100)).padStart(3)} %`,
    `${formatBytes(done)} of ${total === null ? '?' : formatBytes(total)}`,
    rate === null ? '' : formatRate(rate),
    secondsLeft === null ? '' : `${Math.ceil(secondsLeft)} s left`,
  ]
    .filter(Boolean)
    .join(' · ')
  const room = Math.min(widestBar, width - label.length - text.length - 2)
  if (room < narrowestBar || share === null) return cutTo(width, `${label} ${text}`)
  const full = Math.round(share * room)
  return `${label} ${'█'.repeat(full)}${'░'.repeat(room - full)} ${text}`
}

/** All that stands in the line takes one column each: measuring it as text of people costs each command 10 ms of loading. */
function cutTo(width: number, text: string): string {
  if (text.length <= width) return text
  return width <= 0 ? '' : `${text.slice(0, width - 1)}…`
}
