import type { ByteInput } from './connection/byte-input.ts'
import { ConnectionRefused } from './connection/connection-refused.ts'
import type { Flight } from './connection/flight.ts'
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

export interface Transmission extends Session {
  readonly input: ByteInput
  readonly output: Output
  readonly watch: Watch
  readonly flight: Flight
  readonly close: (reason: string) => void
  readonly signal: AbortSignal
  readonly options: ServeConnectionOptions
}

/** Answers requests, several at a time, until the client says good-bye; throws when it breaks off. */
export async function serveRequests(transmission: Transmission): Promise<void> {
  const { input, output, watch, flight, close, signal, options } = transmission
  let isTakingPayload = false
  watch.start(Math.min(options.idleTimeoutMs, options.stallTimeoutMs), {
    isDue: (silentMs) =>
      output.waiting > 0 || isTakingPayload || (flight.count === 0 && silentMs >= options.idleTimeoutMs),
    onExpired: () =>
      close(output.waiting > 0 ? 'the client takes no replies' : 'the client was silent for too long'),
  })
  const headerBytes = new Uint8Array(requestHeader.size)
  for (;;) {
    await input.fill(headerBytes)
    const header = requestHeader.read(headerBytes, 'NBD client')
    if (header.magic !== magics.request) throw new ConnectionRefused('a request has a wrong magic number')
    if (header.type === commands.disconnect) break
    const request = validateRequest(header, contextOf(transmission))
    isTakingPayload = header.type === commands.write
    const payload = isTakingPayload ? await takePayload(header, request, transmission) : null
    isTakingPayload = false
    const length = request instanceof NbdRequestError || request.command !== 'read' ? 0 : request.length
    await flight.board(length, signal)
    void answer(request, header, { payload, transmission }).finally(() => flight.leave(length))
  }
  await flight.landed()
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
