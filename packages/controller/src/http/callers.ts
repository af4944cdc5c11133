import { TRPCError } from '@trpc/server'
import type { WebSocket } from 'ws'
import type { Caller } from '../router/context.ts'
import type { Asker, FairQueue } from './fair-queue.ts'

/** What one connection and all connections from one address may have going at once. */
export const callLimits = {
  calls: 64,
  streams: 16,
  /** Many agents may come from one address: through a proxy, or from this machine. */
  peerCalls: 16_384,
  /** Bytes that were answered and not taken: then the next ones wait; much more, and the connection ends. */
  unsent: 1024 * 1024,
  mostUnsent: 32 * 1024 * 1024,
} as const

const drainMs = 20

/** The WebSocket of a caller. */
export interface CallerConnection extends Pick<Caller, 'isAlive' | 'end'> {
  readonly socket: WebSocket
}

/** Counts what each connection and each address has going; one for the server. */
export interface Callers {
  /** A caller of HTTP lives as long as its request. */
  open(from: Pick<Caller, 'peer' | 'identity' | 'origin'>, connection?: CallerConnection): Caller & Asker
}

export function createCallers(queue: FairQueue): Callers {
  const calls = new Map<string, number>()

  function change(peer: string, by: number): number {
    const count = (calls.get(peer) ?? 0) + by
    if (count === 0) calls.delete(peer)
    else calls.set(peer, count)
    return count
  }

  return {
    open({ peer, identity, origin }, connection) {
      const socket = connection?.socket
      const own = { calls: 0, streams: 0 }
      const count = (what: 'calls' | 'streams') => {
        if (own[what] >= callLimits[what])
          throw tooMany(`${callLimits[what]} ${what} at once on one connection`)
        own[what] += 1
        return () => void (own[what] -= 1)
      }
      return {
        peer,
        identity,
        origin,
        isAlive: async () => (await connection?.isAlive()) ?? false,
        end: (reason) => connection?.end(reason),
        async call(work) {
          using _own = ending(count('calls'))
          if (change(peer, 1) > callLimits.peerCalls) {
            change(peer, -1)
            throw tooMany(`${callLimits.peerCalls} calls at once from one address`)
          }
          using _peer = ending(() => change(peer, -1))
          await queue.turn(this)
          return await work()
        },
        stream: () => ending(count('streams')),
        async drained() {
          while (socket && socket.readyState === socket.OPEN && socket.bufferedAmount > callLimits.unsent) {
            await new Promise((resolve) => setTimeout(resolve, drainMs))
          }
        },
      }
    },
  }
}

function ending(end: () => unknown): Disposable {
  return { [Symbol.dispose]: () => void end() }
}

function tooMany(what: string): TRPCError {
  return new TRPCError({ code: 'TOO_MANY_REQUESTS', message: `More than ${what}: wait for answers first.` })
}
