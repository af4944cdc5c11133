import type { Duplex } from 'node:stream'
import { ByteInput, StreamEnded } from './connection/byte-input.ts'
import { ConnectionRefused } from './connection/connection-refused.ts'
import { Flight } from './connection/flight.ts'
import { outputTo } from './connection/output.ts'
import { Watch } from './connection/watch.ts'
import {
  acceptClientFlags,
  answerOption,
  encodeGreeting,
  exportNamedBy,
} from './handshake/server-handshake.ts'
import type { ServerHandshake } from './handshake/server-handshake.ts'
import { clientFlags, optionHeader } from './messages/handshake-messages.ts'
import { limits, magics } from './messages/numbers.ts'
import { decodeOption } from './messages/option-messages.ts'
import type { NbdExport } from './nbd-export.ts'
import type { ServeConnectionOptions, Session } from './server-session.ts'
import { serveRequests } from './server-transmission.ts'

/** Options that a client may send in one handshake. */
const maxOptions = 256

/**
 * Serves one client on any stream until it leaves and no read for it is under way; never throws, tells the reason in
 * `connection-closed`. The stream must be done with a chunk when it calls back: its memory is used again.
 */
export async function serveConnection(stream: Duplex, options: ServeConnectionOptions): Promise<void> {
  const { connection, onEvent } = options
  const closed = new AbortController()
  const close = (reason: string): void => {
    if (closed.signal.aborted) return
    closed.abort(new ConnectionRefused(reason))
    input.end(reason)
    stream.destroy()
  }
  const watch = new Watch()
  const flight = new Flight()
  const input = new ByteInput({ onWanted: () => stream.resume(), onBytes: () => watch.touch() })
  const output = outputTo(stream, () => watch.touch())
  stream.on('data', (chunk: Uint8Array) => {
    if (!input.push(chunk)) stream.pause()
  })
  stream.on('end', () => input.end('the client closed the connection'))
  stream.on('close', () => close('the client closed the connection'))
  stream.on('error', (error) => close(error.message))
  onEvent({ kind: 'connection-opened', connection })
  try {
    const handshake = setTimeout(() => close('the handshake took too long'), options.handshakeTimeoutMs)
    closed.signal.addEventListener('abort', () => clearTimeout(handshake))
    const session = await negotiate(input, (parts) => output.send(parts), options)
    clearTimeout(handshake)
    onEvent({ kind: 'export-opened', connection })
    await serveRequests({ ...session, input, output, watch, flight, close, signal: closed.signal, options })
    close('the client ended the session')
  } catch (error) {
    close(closingReason(error))
  } finally {
    watch.stop()
    await flight.landed()
    const reason: unknown = closed.signal.reason
    onEvent({ kind: 'connection-closed', connection, reason: closingReason(reason) })
  }
}

async function negotiate(
  input: ByteInput,
  send: (parts: readonly Uint8Array[]) => Promise<void>,
  options: ServeConnectionOptions,
): Promise<Session> {
  const resolve = rememberingLast((name) => options.resolveExport(name))
  await send([encodeGreeting()])
  const flagBytes = new Uint8Array(clientFlags.size)
  await input.fill(flagBytes)
  let state: ServerHandshake = acceptClientFlags(clientFlags.read(flagBytes, peer).flags)
  for (let count = 0; state.at === 'options'; count += 1) {
    if (count >= maxOptions) throw new ConnectionRefused(`more than ${maxOptions} options`)
    const option = await readOption(input)
    const name = exportNamedBy(option)
    const exported = name === null ? null : await resolve(name)
    // Before it is answered: a client that is turned away then knows that it never had the export.
    const opens = exported !== null && (option.kind === 'go' || option.kind === 'export-name')
    if (opens && options.mayOpen?.() === false)
      throw new ConnectionRefused('too many clients have an export open')
    const listed = option.kind === 'list' ? await options.listExports() : null
    const step = answerOption(state, option, { offered: exported && offer(exported), listed })
    await send(step.send)
    state = step.state
  }
  if (state.at !== 'transmission') {
    throw new ConnectionRefused(state.at === 'closed' ? state.reason : 'the handshake broke')
  }
  const exported = await resolve(state.exportName)
  if (exported === null) throw new ConnectionRefused('the export is gone')
  const { hasStructuredReplies, hasBlockStatus } = state
  return { exported, hasStructuredReplies, hasBlockStatus }
}

async function readOption(input: ByteInput): Promise<ReturnType<typeof decodeOption>> {
  const headerBytes = new Uint8Array(optionHeader.size)
  await input.fill(headerBytes)
  const header = optionHeader.read(headerBytes, peer)
  if (header.magic !== magics.option) throw new ConnectionRefused('an option has a wrong magic number')
  if (header.length > limits.option) throw new ConnectionRefused('an option is longer than 64 KiB')
  const data = new Uint8Array(header.length)
  await input.fill(data)
  return decodeOption(header.option, data)
}

/** One client asks for one name several times: its owner is asked once. */
function rememberingLast(
  resolveExport: (name: string) => Promise<NbdExport | null>,
): (name: string) => Promise<NbdExport | null> {
  let last: { readonly name: string; readonly exported: NbdExport } | null = null
  return async (name) => {
    if (last?.name === name) return last.exported
    const exported = await resolveExport(name)
    if (exported) last = { name, exported }
    return exported
  }
}

function offer({ size, description, writer }: NbdExport): {
  size: number
  description: string | null
  canWrite: boolean
} {
  return { size, description, canWrite: writer !== null }
}

function closingReason(error: unknown): string {
  if (error instanceof StreamEnded || error instanceof ConnectionRefused) return error.message
  return error instanceof Error ? `an internal error: ${error.message}` : 'an internal error'
}

const peer = 'NBD client'
