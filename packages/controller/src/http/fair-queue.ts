/** Who asks: turns go around the peers, and around the connections of each. */
export interface Asker {
  /** Address of the other end. */
  readonly peer: string
}

/**
 * Gives turns one at a time, each in a tick of its own with the network looked at in between. Who has asked for little
 * lately goes first, so that a client that asks for much waits behind itself and not before others; and who goes first
 * does not keep the others waiting for long. The rows are those of RFC 8290 (section 4.2), with time in place of bytes.
 */
export interface FairQueue {
  push(asker: Asker, work: () => void): void
  /** Settles when it is the asker's turn. */
  turn(asker: Asker): Promise<void>
  /** Forgets what waits. */
  stop(): void
}

/** Time that one has before it is the next one's turn; a turn counts as so much at least. */
const quantumMs = 1
/** Who has taken more than its time waits so much longer than others at most. */
const mostDebtMs = 100
/** Turns of newcomers in a row while others wait. */
const mostNewcomers = 4

interface Turn {
  readonly work: () => void
  /** Who pays for it: the connection, then its peer. */
  readonly payers: Flow[]
}

/** One that takes turns. */
interface Flow {
  creditMs: number
  /** Its next turn, or null when nothing of it waits. */
  take(): Turn | null
}

/** What one connection waits for. */
class Line implements Flow {
  creditMs = quantumMs
  readonly asker: Asker
  readonly #waiting: (() => void)[] = []

  constructor(asker: Asker) {
    this.asker = asker
  }

  push(work: () => void): void {
    this.#waiting.push(work)
  }

  take(): Turn | null {
    const work = this.#waiting.shift()
    return work ? { work, payers: [] } : null
  }
}

/** Flows in two rows: newcomers, and those that have had their time. */
class Rows<Member extends Flow> implements Flow {
  creditMs = quantumMs
  readonly #newcomers = new Set<Member>()
  readonly #regulars = new Set<Member>()
  readonly #onLeave: (member: Member) => void
  #inRow = 0

  constructor(onLeave: (member: Member) => void) {
    this.#onLeave = onLeave
  }

  join(member: Member): void {
    if (!this.#newcomers.has(member) && !this.#regulars.has(member)) this.#newcomers.add(member)
  }

  take(): Turn | null {
    for (;;) {
      const areNewcomersDue = this.#regulars.size === 0 || this.#inRow < mostNewcomers
      const row = areNewcomersDue && this.#newcomers.size > 0 ? this.#newcomers : this.#regulars
      const [member] = row
      if (!member) return null
      if (member.creditMs <= 0) {
        member.creditMs += quantumMs
        this.#toRegulars(member, row)
        continue
      }
      const turn = member.take()
      if (turn) {
        this.#inRow = row === this.#newcomers ? this.#inRow + 1 : 0
        turn.payers.push(member)
        return turn
      }
      // A newcomer goes around once with the others before it can come as one again.
      if (row === this.#newcomers && this.#regulars.size > 0) this.#toRegulars(member, row)
      else {
        row.delete(member)
        this.#onLeave(member)
      }
    }
  }

  #toRegulars(member: Member, from: Set<Member>): void {
    from.delete(member)
    this.#regulars.add(member)
    this.#inRow = 0
  }
}

/** The connections of one address. */
class Peer extends Rows<Line> {
  readonly name: string

  constructor(name: string, onLeave: (line: Line) => void) {
    super(onLeave)
    this.name = name
  }
}

/** `now`: milliseconds that a turn costs by; a test may let them stand still. */
export function createFairQueue(
  onError: (error: unknown) => void,
  now: () => number = () => performance.now(),
): FairQueue {
  const lines = new Map<Asker, Line>()
  const peers = new Map<string, Peer>()
  const noPeers = () => new Rows<Peer>(({ name }) => void peers.delete(name))
  let all = noPeers()
  let due: NodeJS.Immediate[] = []

  /** A turn and, in the same phase, its end: what the turn's promises do is over by then and counts as its time. */
  function schedule(): void {
    let turn: Turn | null = null
    let started = 0
    const begin = () => {
      turn = all.take()
      started = now()
      try {
        turn?.work()
      } catch (error) {
        onError(error)
      }
    }
    const end = () => {
      due = []
      if (!turn) return
      const tookMs = Math.max(quantumMs, now() - started)
      for (const payer of turn.payers) payer.creditMs = Math.max(-mostDebtMs, payer.creditMs - tookMs)
      schedule()
    }
    due = [setImmediate(begin), setImmediate(end)]
  }

  function push(asker: Asker, work: () => void): void {
    const line = known(lines, asker, () => new Line(asker))
    const peer = known(peers, asker.peer, () => new Peer(asker.peer, (left) => void lines.delete(left.asker)))
    line.push(work)
    peer.join(line)
    all.join(peer)
    if (due.length === 0) schedule()
  }

  return {
    push,
    turn: (asker) => new Promise((resolve) => push(asker, resolve)),
    stop() {
      for (const one of due) clearImmediate(one)
      due = []
      lines.clear()
      peers.clear()
      all = noPeers()
    },
  }
}

function known<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const there = map.get(key)
  if (there !== undefined) return there
  const made = make()
  map.set(key, made)
  return made
}
