/** Bytes of a stream that are kept, in a bounded amount of memory. */
export interface Collected {
  add(bytes: Uint8Array): void
  /** Whether there were more than the bound. */
  readonly isOver: boolean
  bytes(): Uint8Array
}

/** Keeps a stream whole up to `most` bytes. */
export function collectAll(most: number): Collected {
  const parts: Uint8Array[] = []
  let length = 0
  let isOver = false
  return {
    add(bytes) {
      if (length + bytes.length > most) isOver = true
      if (isOver) return
      parts.push(bytes)
      length += bytes.length
    },
    get isOver() {
      return isOver
    },
    bytes: () => Buffer.concat(parts),
  }
}

/** Keeps a stream whole up to `most` bytes; of more, its first and its last half, which is where tools say what is wrong. */
export function collectEnds(most: number): Collected {
  const half = Math.floor(most / 2)
  let head = Buffer.alloc(0)
  let tail = Buffer.alloc(0)
  let dropped = 0
  return {
    add(bytes) {
      const room = half - head.length
      if (room > 0) head = Buffer.concat([head, bytes.subarray(0, room)])
      if (bytes.length <= room) return
      const all = Buffer.concat([tail, bytes.subarray(Math.max(0, room))])
      dropped += Math.max(0, all.length - half)
      tail = all.subarray(Math.max(0, all.length - half))
    },
    get isOver() {
      return dropped > 0
    },
    bytes: () => Buffer.concat([head, dropped > 0 ? Buffer.from('\n…\n') : Buffer.alloc(0), tail]),
  }
}
