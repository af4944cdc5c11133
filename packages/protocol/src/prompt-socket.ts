/** How long the other end may take to close as well, in milliseconds. */
const goodByeMs = 250

/**
 * A WebSocket that is over soon after `close`. One of the platform waits for the other end to close as well: for a controller
 * that hangs, in browsers a minute, in Node without end. Its `close` event comes once.
 */
export function promptSocket(Base: typeof WebSocket): typeof WebSocket {
  return class PromptSocket extends Base {
    #isOver = false

    constructor(...where: ConstructorParameters<typeof WebSocket>) {
      super(...where)
      this.addEventListener('close', (event) => {
        if (this.#isOver) event.stopImmediatePropagation()
        this.#isOver = true
      })
    }

    override close(code?: number, reason?: string): void {
      super.close(code, reason)
      setTimeout(() => {
        if (!this.#isOver) this.dispatchEvent(new Event('close'))
      }, goodByeMs)
    }
  }
}
