import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import {
  pieceHeaders,
  pieceSize,
  Sha256,
  WantedBytes,
  type Received,
  type SentFile,
} from '@varve/protocol/file-streams'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { controllerGone, httpBeside } from '../connection/http-beside.ts'

/** A piece of a file that was fetched. */
export interface Piece {
  readonly at: number
  readonly bytes: Uint8Array
  /** Of the bytes, as their sender says. */
  readonly sha256: string
}

/** The controller's end of streams of bytes; each call is one short request. What the other end has given up is `closed`. */
export interface StreamClient {
  /** Says what the file is; gives what is wanted of it. */
  offer(stream: string, file: SentFile, signal: AbortSignal): Promise<WantedBytes | 'closed'>
  /** Brings the bytes at `at`; settles when there is room for more. */
  bring(stream: string, piece: Omit<Piece, 'sha256'>, signal: AbortSignal): Promise<'taken' | 'closed'>
  /** The next piece; null: there is none yet. */
  fetch(stream: string, state: Received, signal: AbortSignal): Promise<Piece | null | 'closed'>
}

/** A request that waits for the other end takes less. */
const requestMs = 90_000
/** A controller that does not answer is asked again after so long, in ms. */
const pauses = [200, 1000, 3000] as const

/** `url`: the WebSocket of the controller, whose HTTP is beside it; `fetchNow` gives what requests are sent by. */
export function streamClient(url: string, fetchNow: () => typeof fetch = () => fetch): StreamClient {
  const base = httpBeside(url)

  /** Null: nobody wants the stream any more. Every request may be repeated. */
  async function ask(path: string, init: RequestInit, signal: AbortSignal): Promise<Response | null> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const response = await fetchNow()(new URL(`/api/streams/${path}`, base), {
          method: 'POST',
          ...init,
          signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
        })
        if (response.ok) return response
        await response.body?.cancel()
        if (response.status === 404 || response.status === 410) return null
        throw controllerGone(base, `it answered ${response.status}`)
      } catch (error) {
        signal.throwIfAborted()
        const pause = pauses[attempt]
        if (error instanceof DiskError || pause === undefined)
          throw error instanceof DiskError ? error : controllerGone(base, error)
        await sleep(pause, undefined, { signal })
      }
    }
  }

  const json = (value: unknown): RequestInit => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  })

  return {
    async offer(stream, file, signal) {
      const response = await ask(`${stream}/offer`, json(file), signal)
      return response ? WantedBytes.parse(await response.json()) : 'closed'
    },
    async bring(stream, { at, bytes }, signal) {
      const init = {
        headers: { 'content-type': 'application/octet-stream', [pieceHeaders.at]: String(at) },
        body: bytes as Uint8Array<ArrayBuffer>,
      }
      const response = await ask(`${stream}/bring`, init, signal)
      await response?.body?.cancel()
      return response ? 'taken' : 'closed'
    },
    async fetch(stream, state, signal) {
      const response = await ask(`${stream}/fetch`, json(state), signal)
      if (!response) return 'closed'
      if (response.status === 204) return null
      const head = PieceHead.parse({
        at: response.headers.get(pieceHeaders.at),
        sha256: response.headers.get(pieceHeaders.sha256),
      })
      const bytes = await response.bytes()
      if (bytes.length <= pieceSize) return { ...head, bytes }
      throw new DiskError('limit-exceeded', {
        file: base.origin,
        what: 'the size of a piece',
        value: bytes.length,
        limit: pieceSize,
      })
    },
  }
}

const PieceHead = z.object({ at: z.coerce.number().pipe(Bytes), sha256: Sha256 })
