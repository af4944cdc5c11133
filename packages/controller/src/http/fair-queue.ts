/** Who asks: turns go around the peers, and around the connections of each. */
export interface Asker {
  /** Address of the other end. */
  readonly peer: string
}

/**
 * Gives turns one at a time, each in a tick of its own with the network looked at in between, so that a client that asks
 * for much waits behind itself and not before others.
 */
export interface FairQueue {
  push(asker: Asker, work: () => void): void
  /** Settles when it is the asker's turn. */
  turn(asker: Asker): Promise<void>
  /** Forgets what waits. */
  stop(): void
}

type Lane = Map<Asker, (() => void)[]>

export function createFairQueue(onError: (error: unknown) => void): FairQueue {
  const peers = new Map<string, Lane>()
  let due: NodeJS.Immediate | null = null

  function next(): (() => void) | null {
    for (const [peer, lane] of peers) {
      peers.delete(peer)
      for (const [asker, waiting] of lane) {
        lane.delete(asker)
        const work = waiting.shift()
        // Who has had a turn goes to the end of its row.
        if (waiting.length > 0) lane.set(asker, waiting)
        if (lane.size > 0) peers.set(peer, lane)
        if (work) return work
      }
    }
    return null
  }

  function step(): void {
    due = null
    const work = next()
    if (!work) return
    due = setImmediate(step)
    try {
      work()
    } catch (error) {
      onError(error)
    }
  }

  function push(asker: Asker, work: () => void): void {
    const lane: Lane = peers.get(asker.peer) ?? new Map()
    peers.set(asker.peer, lane)
    const waiting = lane.get(asker)
    if (waiting) waiting.push(work)
    else lane.set(asker, [work])
    due ??= setImmediate(step)
  }

  return {
    push,
    turn: (asker) => new Promise((resolve) => push(asker, resolve)),
    stop() {
      if (due) clearImmediate(due)
      due = null
      peers.clear()
    },
  }
}
