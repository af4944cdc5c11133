import { connectionOptions } from '@varve/agent/trust/fleet-connection'
import type { FleetRoots } from '@varve/protocol/trust'
import { WebSocket, type ClientOptions } from 'ws'

/** How the command speaks to a controller. */
export interface ControllerWay extends AsyncDisposable {
  readonly fetch: typeof globalThis.fetch
  /** As tRPC makes its sockets: by their address alone. */
  socketWith(headers: Readonly<Record<string, string>>): typeof globalThis.WebSocket
}

/** By what the system believes, or by the roots of the controller's fleet and nothing else. */
export function openWay(url: URL, fleet: FleetRoots | null): ControllerWay {
  return fleet === null || url.protocol !== 'https:' ? systemWay : fleetWay(fleet)
}

const systemWay: ControllerWay = {
  fetch: async (...request) => await globalThis.fetch(...request),
  socketWith: (headers) => socketClass({ headers }),
  [Symbol.asyncDispose]: async () => {},
}

function fleetWay(fleet: FleetRoots): ControllerWay {
  const opening = open(fleet)
  return {
    fetch: async (...request) => await (await opening).fetch(...request),
    socketWith: (headers) => socketClass({ headers, ...connectionOptions(fleet) }),
    async [Symbol.asyncDispose]() {
      await (await opening).close()
    },
  }
}

async function open(fleet: FleetRoots) {
  const { fleetFetch } = await import('@varve/agent/trust/fleet-tls')
  return fleetFetch(fleet)
}

function socketClass(options: ClientOptions): typeof globalThis.WebSocket {
  const Socket = class extends WebSocket {
    constructor(url: string | URL) {
      super(url, options)
    }
  }
  // `ws` is a WebSocket in all that tRPC uses; its types are wider.
  return Socket as unknown as typeof globalThis.WebSocket
}
