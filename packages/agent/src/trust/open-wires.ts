import { promptSocket } from '@varve/protocol/prompt-socket'
import { addressed, findLocalAccess } from '@varve/trust/local-access'

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
  function wayTo(url: string | URL): { at: string | URL; headers: Readonly<Record<string, string>> } {
    const access = findLocalAccess(url, accessFolder)
    if (access === null) return { at: url, headers: {} }
    return { at: addressed(url, access), headers: { authorization: `Bearer ${access.key}` } }
  }
  return {
    WebSocket: class extends Socket {
      constructor(url: string | URL) {
        const { at, headers } = wayTo(url)
        super(at, { headers })
      }
    },
    fetch: async (url, init = {}) => {
      const { at, headers: own } = wayTo(url instanceof Request ? url.url : url)
      const headers = new Headers(init.headers)
      for (const [name, value] of Object.entries(own)) headers.set(name, value)
      return await globalThis.fetch(at, { ...init, headers })
    },
    close: async () => {},
  }
}
