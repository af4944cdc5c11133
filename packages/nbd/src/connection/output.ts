import type { Duplex } from 'node:stream'

/** Writes messages to a stream, each as a whole. */
export interface Output {
  /** Resolves when the kernel took all of `parts`, or the stream is gone: the memory is free again. */
  send(parts: readonly Uint8Array[]): Promise<void>
  /** Messages that the kernel did not take yet. */
  readonly waiting: number
}

export function outputTo(stream: Duplex, onSent: () => void): Output {
  let waiting = 0
  return {
    get waiting() {
      return waiting
    },
    async send(parts) {
      const last = parts.at(-1)
      if (last === undefined || stream.destroyed || stream.writableEnded) return
      waiting += 1
      await new Promise<void>((resolve) => {
        stream.cork()
        for (const part of parts.slice(0, -1)) stream.write(part)
        stream.write(last, () => resolve())
        stream.uncork()
      })
      waiting -= 1
      onSent()
    },
  }
}
