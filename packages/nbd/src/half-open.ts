import type { Socket } from 'node:net'

export interface HalfOpenLimits {
  /** Sockets of all peers that have not finished their handshake. */
  readonly total: number
  /** Of one peer. */
  readonly perPeer: number
}

/**
 * Sockets that have not finished their handshake have places of their own, so that they take none from those that have. When
 * the places are full a newcomer takes that of who has said least, of its own peer first, and of these the oldest: an honest
 * client says what it wants at once.
 */
export class HalfOpen {
  readonly #limits: HalfOpenLimits
  /** In the order in which they came. */
  readonly #peers = new Map<Socket, string>()
  /** Those that have shown a certificate. */
  readonly #known = new WeakSet<Socket>()

  constructor(limits: HalfOpenLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#peers.size
  }

  add(socket: Socket): void {
    const peer = socket.remoteAddress ?? ''
    const own = [...this.#peers].filter(([, other]) => other === peer)
    if (own.length >= this.#limits.perPeer) this.#drop(own.map(([other]) => other))
    else if (this.#peers.size >= this.#limits.total) this.#drop([...this.#peers.keys()])
    this.#peers.set(socket, peer)
  }

  /** `socket` has shown a certificate that is trusted: it is the last to be dropped. */
  vouchFor(socket: Socket): void {
    this.#known.add(socket)
  }

  /** The handshake of `socket` is over, well or not. */
  remove(socket: Socket): void {
    this.#peers.delete(socket)
  }

  #drop(sockets: readonly Socket[]): void {
    const [first, ...rest] = sockets
    if (!first) return
    const worth = (socket: Socket) => (this.#known.has(socket) ? known : said(socket))
    const least = rest.reduce((found, next) => (worth(next) < worth(found) ? next : found), first)
    this.#peers.delete(least)
    least.destroy()
  }
}

/** The client's flags and the header of its first option. */
const firstWords = 20

/** More than anything that `said` gives. */
const known = 3

/** 0: nothing, 1: less than what it wants, 2: that. */
function said({ bytesRead }: Socket): number {
  if (bytesRead === 0) return 0
  return bytesRead < firstWords ? 1 : 2
}
