import type { ByteInput } from './connection/byte-input.ts'
import { ConnectionRefused } from './connection/connection-refused.ts'
import type { Output } from './connection/output.ts'
import type { Watch } from './connection/watch.ts'
import { commands, limits, magics } from './messages/numbers.ts'
import { requestHeader } from './messages/transmission-messages.ts'
import type { RequestHeader } from './messages/transmission-messages.ts'
import type { ServeConnectionOptions, Session } from './server-session.ts'
import { NbdRequestError, toRequestError } from './transmission/errno.ts'
import { executeRequest } from './transmission/execute-request.ts'
import type { Reply } from './transmission/execute-request.ts'
import { encodeError } from './transmission/replies.ts'
import { validateRequest } from './transmission/validate-request.ts'
import type { NbdRequest } from './transmission/validate-request.ts'

/** Requests that one client may have in flight; more stay unread in the socket. */
export const maxInFlight = 16

/** Bytes that one client's requests in flight may ask for together; a single larger one runs alone. */
export const maxBytesInFlight = 16 * 1024 * 1024

export interface Transmission extends Session {
  readonly input: ByteInput
  readonly output: Output
  readonly watch: Watch
  readonly close: (reason: string) => void
  readonly signal: AbortSignal
  readonly options: ServeConnectionOptions
}

/** Answers requests, several at a time, until the client says good-bye; throws when it breaks off. */
export async function serveRequests(transmission: Transmission): Promise<void> {
  const { input, output, watch, close, signal, options } = transmission
  const flight = new Flight()
  watch.start(Math.min(options.idleTimeoutMs, options.stallTimeoutMs), {
    isDue: (silentMs) => output.waiting > 0 || (flight.count === 0 && silentMs >= options.idleTimeoutMs),
    onExpired: () =>
      close(output.waiting > 0 ? 'the client takes no replies' : 'the client was idle for too long'),
  })
  const headerBytes = new Uint8Array(requestHeader.size)
  for (;;) {
    await input.fill(headerBytes)
    const header = requestHeader.read(headerBytes, 'NBD client')
    if (header.magic !== magics.request) throw new ConnectionRefused('a request has a wrong magic number')
    if (header.type === commands.disconnect) break
    const request = validateRequest(header, contextOf(transmission))
    const payload = header.type === commands.write ? await takePayload(header, request, transmission) : null
    const length = request instanceof NbdRequestError || request.command !== 'read' ? 0 : request.length
    await flight.board(length, signal)
    void answer(request, header, { payload, transmission }).finally(() => flight.leave(length))
  }
  await flight.landed(signal)
}

interface Answering {
  readonly payload: Uint8Array | null
  readonly transmission: Transmission
}

/** Never throws. */
async function answer(
  request: NbdRequest | NbdRequestError,
  header: RequestHeader,
  { payload, transmission }: Answering,
): Promise<void> {
  const { exported, hasStructuredReplies, output, signal, options } = transmission
  const { pool, connection, onEvent } = options
  let reply: Reply
  try {
    if (request instanceof NbdRequestError) throw request
    const data = payload?.subarray(0, request.length) ?? null
    reply = await executeRequest(request, { exported, hasStructuredReplies, pool, signal, payload: data })
  } catch (caught) {
    const error = toRequestError(caught)
    if (!signal.aborted)
      onEvent({ kind: 'request-failed', connection, error: caught instanceof Error ? caught : error })
    reply = { parts: encodeError(header.cookie, error, { hasStructuredReplies }), lent: null }
  }
  if (payload) pool.give(payload)
  await output.send(reply.parts)
  if (reply.lent) pool.give(reply.lent)
}

function contextOf({ exported, hasStructuredReplies, hasBlockStatus }: Transmission): {
  size: number
  canWrite: boolean
  hasStructuredReplies: boolean
  hasBlockStatus: boolean
} {
  return { size: exported.size, canWrite: exported.writer !== null, hasStructuredReplies, hasBlockStatus }
}

/** The payload of a write, or null when the write is refused: then it is read and dropped. */
async function takePayload(
  header: RequestHeader,
  request: NbdRequest | NbdRequestError,
  { input, signal, options }: Transmission,
): Promise<Uint8Array | null> {
  if (header.length > limits.payload) throw new ConnectionRefused('a write of more than 32 MiB')
  if (request instanceof NbdRequestError) {
    const scratch = new Uint8Array(64 * 1024)
    for (let left = header.length; left > 0; left -= scratch.length) {
      await input.fill(scratch.subarray(0, Math.min(left, scratch.length)))
    }
    return null
  }
  const payload = await options.pool.take(header.length, signal)
  try {
    await input.fill(payload.subarray(0, header.length))
    return payload
  } catch (error) {
    options.pool.give(payload)
    throw error
  }
}

/** Counts what is in flight and holds back what exceeds the limits. */
class Flight {
  count = 0
  #bytes = 0
  #wake: (() => void) | null = null

  async board(length: number, signal: AbortSignal): Promise<void> {
    while (this.count >= maxInFlight || (this.count > 0 && this.#bytes + length > maxBytesInFlight)) {
      await this.#change(signal)
    }
    this.count += 1
    this.#bytes += length
  }

  leave(length: number): void {
    this.count -= 1
    this.#bytes -= length
    this.#wake?.()
  }

  async landed(signal: AbortSignal): Promise<void> {
    while (this.count > 0) await this.#change(signal)
  }

  async #change(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#wake = null
    signal.throwIfAborted()
  }
}
