import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** Bytes whose copy costs less than a record of TLS, and a packet, of their own. */
const copiedBelow = 16 * 1024

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
        // TLS takes one part at a time as it is; several that are corked it first puts together in a copy.
        const isCorked = !(stream instanceof TLSSocket && last.length >= copiedBelow)
        if (isCorked) stream.cork()
        for (const part of parts.slice(0, -1)) stream.write(part)
        stream.write(last, () => resolve())
        if (isCorked) stream.uncork()
      })
      waiting -= 1
      onSent()
    },
  }
}
