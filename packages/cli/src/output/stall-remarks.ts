import type { MigrationView } from '@varve/protocol/migrations'

/** Says once when a migration that is followed stops moving, why as far as it is known, and when it moves again. */
export class StallRemarks {
  readonly #remark: (text: string) => void
  #said: string | null = null

  constructor(remark: (text: string) => void) {
    this.#remark = remark
  }

  /** The controller answered with this. */
  show({ stall }: Pick<MigrationView, 'stall'>): void {
    this.#say(stall === null ? null : `${clock(stall.since)}: ${stall.message}`, 'It goes on.')
  }

  /** The controller did not answer. */
  lost(at: Date): void {
    if (this.#said?.startsWith(controllerAway) === true) return
    const words = `${controllerAway}since ${clock(at.toISOString())}; the migration waits for it where it needs it.`
    this.#say(words, 'It goes on.')
  }

  #say(words: string | null, end: string): void {
    if (words === this.#said) return
    const before = this.#said
    this.#said = words
    if (words !== null) this.#remark(words)
    else if (before !== null) this.#remark(end)
  }
}

const controllerAway = 'The controller does not answer '

function clock(at: string): string {
  return new Date(at).toLocaleTimeString('en-GB')
}
