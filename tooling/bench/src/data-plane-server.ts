import type { NbdExport } from '@varve/nbd/nbd-export'
import { serveNbd } from '@varve/nbd/server'
import type { ServerTls } from '@varve/nbd/tls/tls-options'

/** Bytes of the disk that is served. */
export const exportSize = 2 ** 30

/** What the process that serves is told. */
export interface Orders {
  readonly tls: ServerTls | null
}

/** A disk without a medium: what it costs is the wire. */
function disk(): NbdExport {
  const block = new Uint8Array(32 * 2 ** 20).map((_, index) => (index * 7) >> 2)
  return {
    size: exportSize,
    description: null,
    async readInto(target) {
      target.set(block.subarray(0, target.length))
    },
    async *extents({ start, end }) {
      yield { start, length: end - start, content: 'data' }
    },
    writer: { async write() {}, async flush() {} },
  }
}

if (process.send)
  process.once('message', ({ tls }: Orders) => {
    const exported = disk()
    void serveNbd({
      host: '127.0.0.1',
      port: 0,
      resolveExport: async () => exported,
      ...(tls && { tls }),
    }).then(({ port }) => process.send?.(port))
  })
