import { promptSocket } from '@varve/protocol/prompt-socket'
import { findLocalAccess } from '@varve/trust/local-access'

/** How a controller is spoken to. */
export interface Wires {
  readonly WebSocket: typeof globalThis.WebSocket
  readonly fetch: typeof globalThis.fetch
  close(): Promise<void>
}

const Socket = promptSocket(globalThis.WebSocket)

/**
 * Plain text, or TLS by what the system believes: for a controller of the same user on this machine, which lets in who can read
 * its file in `accessFolder`, and for one where nobody signs in.
 */
export function makeOpenWires(accessFolder: string): Wires {
  /** Looked up each time: a controller that was started anew has another key. */
  function accessTo(url: string | URL): Readonly<Record<string, string>> {
    const access = findLocalAccess(url, accessFolder)
    return access === null ? {} : { authorization: `Bearer ${access.key}` }
  }
  return {
    WebSocket: class extends Socket {
      constructor(url: string | URL) {
        super(url, { headers: accessTo(url) })
      }
    },
    fetch: async (url, init = {}) => {
      const headers = new Headers(init.headers)
      const address = url instanceof Request ? url.url : url
      for (const [name, value] of Object.entries(accessTo(address))) headers.set(name, value)
      return await globalThis.fetch(url, { ...init, headers })
    },
    close: async () => {},
  }
}
