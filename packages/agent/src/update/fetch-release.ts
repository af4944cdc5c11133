import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { writeError } from '@varve/engine/system/system-error'
import type { ReleaseArchive } from '@varve/protocol/updates'
import { controllerGone, httpBeside } from '../connection/http-beside.ts'

/** Files of the release that the controller serves. */
export interface ReleaseSource {
  /** A small file, whole; throws `limit-exceeded` for a larger one. */
  small(name: string, most: number, signal: AbortSignal): Promise<Uint8Array>
  /** An archive into a new file; throws `refused` unless it is the one that was signed. */
  archive(
    archive: ReleaseArchive,
    to: string,
    tools: { readonly signal: AbortSignal; readonly onBytes: (done: number) => void },
  ): Promise<void>
}

/** `url`: the WebSocket of the controller, whose HTTP is beside it; `fetchNow` gives what requests are sent by. */
export function releaseSource(url: string, fetchNow: () => typeof fetch): ReleaseSource {
  const base = httpBeside(url)

  async function ask(name: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await fetchNow()(new URL(`/install/files/${encodeURIComponent(name)}`, base), {
      signal,
    }).catch((error: unknown) => {
      signal.throwIfAborted()
      throw controllerGone(base, error)
    })
    if (response.ok && response.body) return response.body
    await response.body?.cancel()
    throw controllerGone(base, `it answered ${response.status} for ${name}`)
  }

  return {
    async small(name, most, signal) {
      const parts: Uint8Array[] = []
      let size = 0
      for await (const part of await ask(name, signal)) {
        size += part.length
        if (size > most)
          throw new DiskError('limit-exceeded', {
            file: name,
            what: 'the size of the file',
            value: size,
            limit: most,
          })
        parts.push(part)
      }
      return Buffer.concat(parts)
    },
    async archive({ name, sum, size }, to, { signal, onBytes }) {
      const hash = createHash('sha256')
      let done = 0
      async function* counted(body: AsyncIterable<Uint8Array>) {
        for await (const part of body) {
          done += part.length
          if (done > size) throw notSigned(name)
          hash.update(part)
          onBytes(done)
          yield part
        }
      }
      const file = createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true })
      await pipeline(await ask(name, signal), counted, file, { signal }).catch((error: unknown) => {
        signal.throwIfAborted()
        throw error instanceof TypeError ? controllerGone(base, error) : writeError(error, to)
      })
      if (done !== size || hash.digest('hex') !== sum) throw notSigned(name)
    },
  }
}

function notSigned(name: string): DiskError {
  return new DiskError('refused', {
    file: name,
    reason: 'what was fetched is not the archive that was signed: it was cut off, or changed on its way',
    remedy: 'Update the host again when the release on the controller has been looked at.',
  })
}
