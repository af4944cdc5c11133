import { promptSocket } from '@varve/protocol/prompt-socket'

/** How a controller is spoken to. */
export interface Wires {
  readonly WebSocket: typeof globalThis.WebSocket
  readonly fetch: typeof globalThis.fetch
  close(): Promise<void>
}

/** Plain text, or TLS by what the system believes: for a controller on this machine or a network that is trusted. */
export const openWires: Wires = {
  WebSocket: promptSocket(globalThis.WebSocket),
  fetch: (...request) => globalThis.fetch(...request),
  close: async () => {},
}
