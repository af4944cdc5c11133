import type { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { ByteInput, StreamEnded } from './connection/byte-input.ts'
import { ConnectionRefused } from './connection/connection-refused.ts'
import { Flight } from './connection/flight.ts'
import { outputTo, type Output } from './connection/output.ts'
import { Watch } from './connection/watch.ts'
import {
  acceptClientFlags,
  acceptTls,
  answerOption,
  encodeGreeting,
  exportNamedBy,
} from './handshake/server-handshake.ts'
import type { ListedExport, ServerHandshake } from './handshake/server-handshake.ts'
import { clientFlags, optionHeader } from './messages/handshake-messages.ts'
import { limits, magics } from './messages/numbers.ts'
import { decodeOption } from './messages/option-messages.ts'
import type { NbdExport } from './nbd-export.ts'
import type { ConnectionTls, ServeConnectionOptions, Session } from './server-session.ts'
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
    wire.input.end(reason)
    wire.stream.destroy()
    stream.destroy()
  }
  const watch = new Watch()
  const flight = new Flight()
  const ends = { onBytes: () => watch.touch(), onClosed: close }
  let wire = wireOver(stream, ends)
  const talk: Talk = {
    get wire() {
      return wire
    },
    async secure(tls, acknowledge) {
      const plain = wire
      if (plain.input.queued > 0) throw new ConnectionRefused('plain bytes came behind the wish for TLS')
      // In one go, so that every byte that comes after the acknowledgement is of TLS.
      plain.release()
      for (const bytes of acknowledge) stream.write(bytes)
      const { stream: inside, peer } = await tls.acceptor.accept(stream, closed.signal)
      wire = wireOver(inside, ends)
      tls.onPeer(peer)
      onEvent({ kind: 'peer-known', connection, peer })
      return peer
    },
  }
  onEvent({ kind: 'connection-opened', connection })
  try {
    const handshake = setTimeout(() => close('the handshake took too long'), options.handshakeTimeoutMs)
    closed.signal.addEventListener('abort', () => clearTimeout(handshake))
    const session = await negotiate(talk, options)
    clearTimeout(handshake)
    onEvent({ kind: 'export-opened', connection })
    const { input, output } = wire
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

/** The stream to a client with the reads and writes of this side. */
interface Wire {
  readonly stream: Duplex
  readonly input: ByteInput
  readonly output: Output
  /** Bytes that come are not read here any more. */
  readonly release: () => void
}

interface WireEnds {
  readonly onBytes: () => void
  readonly onClosed: (reason: string) => void
}

const left = 'the client closed the connection'

function wireOver(stream: Duplex, { onBytes, onClosed }: WireEnds): Wire {
  const input = new ByteInput({ onWanted: () => stream.resume(), onBytes })
  const onData = (chunk: Uint8Array) => {
    if (!input.push(chunk)) stream.pause()
  }
  const onEnd = () => input.end(left)
  stream.on('data', onData)
  stream.on('end', onEnd)
  stream.on('close', () => onClosed(left))
  stream.on('error', (error) => onClosed(error.message))
  if (stream.destroyed) onClosed(left)
  const release = () => void stream.off('data', onData).off('end', onEnd)
  return { stream, input, output: outputTo(stream, onBytes), release }
}

/** What the handshake is spoken over: from the acknowledgement of TLS on, the stream inside it. */
interface Talk {
  readonly wire: Wire
  secure(tls: ConnectionTls, acknowledge: readonly Uint8Array[]): Promise<X509Certificate>
}

async function negotiate(talk: Talk, options: ServeConnectionOptions): Promise<Session> {
  const { tls } = options
  const resolve = rememberingLast((name) => options.resolveExport(name))
  await talk.wire.output.send([encodeGreeting()])
  const flagBytes = new Uint8Array(clientFlags.size)
  await talk.wire.input.fill(flagBytes)
  let certificate: X509Certificate | null = null
  const { flags } = clientFlags.read(flagBytes, peer)
  let state: ServerHandshake = acceptClientFlags(flags, tls ? 'due' : 'none')
  for (let count = 0; state.at === 'options'; count += 1) {
    if (count >= maxOptions) throw new ConnectionRefused(`more than ${maxOptions} options`)
    const option = await readOption(talk.wire.input)
    // Without a certificate nobody makes anything be looked up.
    const name = state.tls === 'due' ? null : exportNamedBy(option)
    const isBarred = name !== null && certificate !== null && !(await tls?.mayOpen(certificate, name))
    const exported = name === null || isBarred ? null : await resolve(name)
    // Before it is answered: a client that is turned away then knows that it never had the export.
    const opens = exported !== null && (option.kind === 'go' || option.kind === 'export-name')
    if (opens && options.mayOpen?.() === false)
      throw new ConnectionRefused('too many clients have an export open')
    const listed = option.kind === 'list' && state.tls !== 'due' ? await listFor(certificate, options) : null
    const step = answerOption(state, option, { offered: exported && offer(exported), isBarred, listed })
    state = step.state
    if (state.at === 'starttls') {
      if (!tls) throw new ConnectionRefused('the handshake broke')
      certificate = await talk.secure(tls, step.send)
      state = acceptTls(state)
    } else await talk.wire.output.send(step.send)
  }
  if (state.at !== 'transmission') {
    throw new ConnectionRefused(state.at === 'closed' ? state.reason : 'the handshake broke')
  }
  const exported = await resolve(state.exportName)
  if (exported === null) throw new ConnectionRefused('the export is gone')
  const { hasStructuredReplies, hasBlockStatus } = state
  return { exported, hasStructuredReplies, hasBlockStatus }
}

/** Of the names that anyone may see those that this client may open. */
async function listFor(
  certificate: X509Certificate | null,
  options: ServeConnectionOptions,
): Promise<readonly ListedExport[] | null> {
  const { tls } = options
  const all = await options.listExports()
  if (!tls || certificate === null || all === null) return all
  const may = await Promise.all(all.map(async ({ name }) => tls.mayOpen(certificate, name)))
  return all.filter((_, index) => may[index])
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
