import { promptSocket } from '@varve/protocol/prompt-socket'
import { Agent, fetch as fetchBy, WebSocket as SocketBy } from 'undici'
import { connectionOptions, type Believed } from './fleet-connection.ts'
import type { Wires } from './open-wires.ts'
import type { KeptMembership } from './membership-file.ts'

const connectMs = 10_000

/** Mutual TLS 1.3 by what the host is in its fleet; another fleet's controller is not spoken to. */
export function fleetWires(kept: KeptMembership): Wires {
  const { dispatcher, fetch, close } = fleetFetch(kept)
  const Socket = promptSocket(SocketBy as unknown as typeof globalThis.WebSocket)
  return {
    WebSocket: class extends Socket {
      constructor(url: string | URL) {
        super(url, { dispatcher } as unknown as string[])
      }
    },
    fetch,
    close,
  }
}

/** Speaks HTTP with the controller of a fleet, and with no other. */
export function fleetFetch(believed: Believed) {
  const dispatcher = new Agent({ connect: { ...connectionOptions(believed), timeout: connectMs } })
  return {
    dispatcher,
    fetch: (async (url: string | URL, init: RequestInit) =>
      fetchBy(url, { ...init, dispatcher } as Parameters<
        typeof fetchBy
      >[1])) as unknown as typeof globalThis.fetch,
    close: () => dispatcher.destroy(),
  }
}
