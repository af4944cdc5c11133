import type { ByteInput } from '../connection/byte-input.ts'
import {
  exportNamePadding,
  exportNameReply,
  greeting,
  optionReplyHeader,
} from '../messages/handshake-messages.ts'
import { limits } from '../messages/numbers.ts'
import { advance } from './client-handshake.ts'
import type { ClientHandshake, ClientStep, ClientWish, ServerMessage } from './client-handshake.ts'

/** Messages of the server in one handshake; a list of exports may be longer. */
const maxMessages = 20_000

/** Where a handshake ended. */
export type HandshakeEnd = Extract<ClientHandshake, { at: 'ready' | 'listed' | 'dead' }>

type Securing = Extract<ClientHandshake, { at: 'securing' }>

const start: ClientStep = { state: { at: 'greeting' }, send: [] }

/** Runs the client's handshake over a stream to its end, or to where TLS begins; throws `StreamEnded`. */
export async function negotiate(
  input: ByteInput,
  send: (bytes: Uint8Array) => void,
  wish: ClientWish,
  from: ClientStep = start,
): Promise<HandshakeEnd | Securing> {
  let { state } = from
  for (const bytes of from.send) send(bytes)
  for (let count = 0; count < maxMessages; count += 1) {
    const message = await nextMessage(input, state)
    if (message === null)
      return { at: 'dead', reason: `an option reply is longer than ${limits.option} bytes` }
    const step = advance(state, message, wish)
    for (const bytes of step.send) send(bytes)
    state = step.state
    if (state.at === 'ready' || state.at === 'listed' || state.at === 'dead' || state.at === 'securing')
      return state
  }
  return { at: 'dead', reason: `more than ${maxMessages} option replies` }
}

/** The next message in the form that the state calls for; null: it is too long. */
async function nextMessage(input: ByteInput, state: ClientHandshake): Promise<ServerMessage | null> {
  if (state.at === 'greeting') {
    const bytes = await take(input, greeting.size)
    return { kind: 'greeting', ...greeting.read(bytes, peer) }
  }
  if (state.at === 'export-name') {
    const bytes = await take(input, exportNameReply.size)
    if (!state.learned.omitsPadding) await take(input, exportNamePadding)
    return { kind: 'export-name-reply', ...exportNameReply.read(bytes, peer) }
  }
  const { magic, option, type, length } = optionReplyHeader.read(
    await take(input, optionReplyHeader.size),
    peer,
  )
  if (length > limits.option) return null
  return { kind: 'option-reply', magic, option, type, data: await take(input, length) }
}

async function take(input: ByteInput, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  await input.fill(bytes)
  return bytes
}

const peer = 'NBD server'
