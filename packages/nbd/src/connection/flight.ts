/** Requests that one client may have in flight; more stay unread in the socket. */
export const maxInFlight = 16

/** Bytes that one client's requests in flight may ask for together; a single larger one runs alone. */
export const maxBytesInFlight = 16 * 1024 * 1024

/** Counts what is in flight and holds back what exceeds the limits. */
export class Flight {
  count = 0
  #bytes = 0
  #wake: (() => void) | null = null

  async board(length: number, signal: AbortSignal): Promise<void> {
    while (this.count >= maxInFlight || (this.count > 0 && this.#bytes + length > maxBytesInFlight)) {
      await this.#change()
      signal.throwIfAborted()
    }
    this.count += 1
    this.#bytes += length
  }

  leave(length: number): void {
    this.count -= 1
    this.#bytes -= length
    this.#wake?.()
  }

  /** Resolves when nothing is in flight any more. */
  async landed(): Promise<void> {
    while (this.count > 0) await this.#change()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
