import {
  allocationContext,
  firstOptionError,
  handshakeFlags,
  infoTypes,
  limits,
  magics,
  optionReplies,
  optionTypes,
  transmissionFlags,
} from '../messages/numbers.ts'
import type { OptionName } from '../messages/numbers.ts'
import { clientFlags, infoBlockSize, infoExport } from '../messages/handshake-messages.ts'
import type { Greeting } from '../messages/handshake-messages.ts'
import { encodeOption } from '../messages/option-messages.ts'
import { WireCursor } from '../messages/wire-cursor.ts'
import { peerText } from '../messages/wire-text.ts'
import { factsOf, nothingLearned } from './export-facts.ts'
import type { ExportFacts, Learned } from './export-facts.ts'
import type { ListedExport } from './server-handshake.ts'

/**
 * The client's handshake. It asks in this order, and goes on without what a server refuses:
 *
 *   greeting → structured-reply → set-meta-context → go → ready
 *                                                     └ (not supported) → export-name → ready
 *   greeting → list → listed
 *
 * Over TLS `starttls → securing` stands before, and all that is asked is asked inside, after `beginInTls`; a server that will not
 * is left: nothing is ever asked of it in plain text.
 */
export type ClientHandshake =
  | { readonly at: 'greeting' }
  | {
      readonly at: 'option'
      readonly asked: 'structured-reply' | 'set-meta-context' | 'go'
      readonly learned: Learned
    }
  | { readonly at: 'starttls'; readonly learned: Learned }
  /** The server waits for the first bytes of TLS. */
  | { readonly at: 'securing'; readonly learned: Learned }
  | { readonly at: 'export-name'; readonly learned: Learned }
  | { readonly at: 'list'; readonly found: readonly ListedExport[] }
  | { readonly at: 'ready'; readonly facts: ExportFacts }
  | { readonly at: 'listed'; readonly found: readonly ListedExport[] }
  | { readonly at: 'dead'; readonly reason: string; readonly why?: DeadFor }

/** `no-tls`: the server does not speak it; `tls-due`: it speaks nothing else. */
export type DeadFor = 'no-tls' | 'tls-due'

/** What the client wants: one export, or the list of all. */
export type ClientWish = ({ readonly want: 'export'; readonly name: string } | { readonly want: 'list' }) & {
  readonly overTls?: boolean
}

/** What a server says during the handshake, framed. */
export type ServerMessage =
  | ({ readonly kind: 'greeting' } & Greeting)
  | {
      readonly kind: 'option-reply'
      readonly magic: bigint
      readonly option: number
      readonly type: number
      readonly data: Uint8Array
    }
  | { readonly kind: 'export-name-reply'; readonly size: number; readonly flags: number }

export interface ClientStep {
  readonly state: ClientHandshake
  readonly send: readonly Uint8Array[]
}

/** Bytes that one request must be able to ask for (specification: "Block size constraints" wants far more). */
const smallestRequest = 4096

/** Exports that one server may list. */
const maxListed = 10_000

/** Takes in one message of the server; tells the next state and what to send. */
export function advance(state: ClientHandshake, message: ServerMessage, wish: ClientWish): ClientStep {
  switch (message.kind) {
    case 'greeting':
      return state.at === 'greeting' ? afterGreeting(message, wish) : dead('the server greeted twice')
    case 'export-name-reply':
      if (state.at !== 'export-name') return dead('the server answered what nobody asked')
      return ready({ ...state.learned, size: message.size, flags: message.flags })
    case 'option-reply':
      if (message.magic !== magics.optionReply) return dead('an option reply has a wrong magic number')
      if (state.at === 'starttls') return afterStartTls(state.learned, message)
      if (message.type === optionReplies.errTlsReqd) return dead(refusal(message), 'tls-due')
      if (state.at === 'list') return afterListReply(state.found, message)
      if (state.at === 'option') return afterOptionReply(state, message, wish)
      return dead('the server answered what nobody asked')
  }
}

type OptionReply = Extract<ServerMessage, { kind: 'option-reply' }>
type OptionState = Extract<ClientHandshake, { at: 'option' }>

function afterGreeting(message: Greeting, wish: ClientWish): ClientStep {
  if (message.magic !== magics.server)
    return dead('this is not an NBD server: its greeting has a wrong magic number')
  if (message.style === magics.oldStyle)
    return dead('the server speaks the old style of NBD, which is not supported')
  if (message.style !== magics.option) return dead('the greeting of the server has an unknown style')
  const isFixed = (message.flags & handshakeFlags.fixedNewstyle) !== 0
  const omitsPadding = (message.flags & handshakeFlags.noZeroes) !== 0
  const flags = clientFlags.write({
    flags: (isFixed ? handshakeFlags.fixedNewstyle : 0) | (omitsPadding ? handshakeFlags.noZeroes : 0),
  })
  const learned = { ...nothingLearned, omitsPadding }
  if (wish.overTls === true) {
    if (!isFixed) return dead('the server is too old to speak TLS', 'no-tls')
    return { state: { at: 'starttls', learned }, send: [flags, encodeOption({ kind: 'starttls' })] }
  }
  if (wish.want === 'list' && !isFixed) return dead('the server is too old to list its exports')
  const next = isFixed || wish.want === 'list' ? begin(learned, wish) : askExportName(learned, wish.name)
  return { state: next.state, send: [flags, ...next.send] }
}

/** What is asked first inside TLS. */
export function beginInTls(
  { learned }: Extract<ClientHandshake, { at: 'securing' }>,
  wish: ClientWish,
): ClientStep {
  return begin(learned, wish)
}

function begin(learned: Learned, wish: ClientWish): ClientStep {
  if (wish.want === 'list')
    return { state: { at: 'list', found: [] }, send: [encodeOption({ kind: 'list' })] }
  return ask('structured-reply', learned, wish.name)
}

/** Any answer but the one that TLS begins is the end: a server, or somebody in between, that says no is not asked in plain text. */
function afterStartTls(learned: Learned, message: OptionReply): ClientStep {
  if (message.option !== optionTypes.starttls) return dead('the server answered another option than asked')
  if (message.type >= firstOptionError) return dead(refusal(message), 'no-tls')
  if (message.type !== optionReplies.ack || message.data.length > 0)
    return dead('an option reply of unknown type')
  return { state: { at: 'securing', learned }, send: [] }
}

function afterOptionReply(state: OptionState, message: OptionReply, wish: ClientWish): ClientStep {
  if (wish.want === 'list') return dead('the server answered what nobody asked')
  if (message.option !== optionTypes[state.asked])
    return dead('the server answered another option than asked')
  const { learned } = state
  const isRefused = message.type >= firstOptionError
  const isDone = isRefused || message.type === optionReplies.ack
  switch (state.asked) {
    case 'structured-reply':
      if (!isDone) return dead('an option reply of unknown type')
      return isRefused
        ? ask('go', learned, wish.name)
        : ask('set-meta-context', { ...learned, hasStructuredReplies: true }, wish.name)
    case 'set-meta-context':
      return isDone ? ask('go', learned, wish.name) : afterMetaContext(state, message)
    case 'go':
      if (message.type === optionReplies.errUnsup) return askExportName(learned, wish.name)
      if (isRefused) return dead(refusal(message))
      return isDone ? ready(learned) : afterInfo(state, message)
  }
}

function afterMetaContext(state: OptionState, { type, data }: OptionReply): ClientStep {
  const cursor = new WireCursor(data)
  const id = cursor.u32()
  const name = cursor.rest()
  if (type !== optionReplies.metaContext || !cursor.isFinished) return dead('a malformed metadata context')
  if (name !== allocationContext) return dead('a metadata context that nobody asked for')
  return { state: { ...state, learned: { ...state.learned, allocationContextId: id } }, send: [] }
}

function afterInfo(state: OptionState, { type, data }: OptionReply): ClientStep {
  if (type !== optionReplies.info) return dead('an option reply of unknown type')
  const cursor = new WireCursor(data)
  const kind = cursor.u16()
  if (!cursor.isIntact) return dead('information about the export is malformed')
  if (kind === infoTypes.export) {
    if (data.length !== infoExport.size) return dead('NBD_INFO_EXPORT has a wrong length')
    const { size, flags } = infoExport.read(data, 'NBD server')
    return { state: { ...state, learned: { ...state.learned, size, flags } }, send: [] }
  }
  if (kind === infoTypes.blockSize) {
    if (data.length !== infoBlockSize.size) return dead('NBD_INFO_BLOCK_SIZE has a wrong length')
    const { minimum, preferred, maximum } = infoBlockSize.read(data, 'NBD server')
    return {
      state: { ...state, learned: { ...state.learned, blockSize: { minimum, preferred, maximum } } },
      send: [],
    }
  }
  if (kind === infoTypes.description) {
    const description = peerText(data.subarray(2))
    return { state: { ...state, learned: { ...state.learned, description } }, send: [] }
  }
  return { state, send: [] }
}

function afterListReply(found: readonly ListedExport[], message: OptionReply): ClientStep {
  if (message.option !== optionTypes.list) return dead('the server answered another option than asked')
  if (message.type >= firstOptionError) return dead(refusal(message))
  const abort = encodeOption({ kind: 'abort' })
  if (message.type === optionReplies.ack) return { state: { at: 'listed', found }, send: [abort] }
  const cursor = new WireCursor(message.data)
  const name = cursor.text(cursor.u32())
  const description = cursor.rest()
  if (message.type !== optionReplies.server || !cursor.isFinished)
    return dead('a malformed entry in the list of exports')
  if (found.length >= maxListed) return dead(`the server lists more than ${maxListed} exports`)
  return { state: { at: 'list', found: [...found, { name, description: description || null }] }, send: [] }
}

function ask(asked: OptionState['asked'], learned: Learned, name: string): ClientStep {
  const option = {
    'structured-reply': { kind: 'structured-reply' },
    'set-meta-context': { kind: 'set-meta-context', name, queries: [allocationContext] },
    go: { kind: 'go', name, infos: [infoTypes.blockSize, infoTypes.description] },
  } as const satisfies Partial<Record<OptionName, unknown>>
  return { state: { at: 'option', asked, learned }, send: [encodeOption(option[asked])] }
}

function askExportName(learned: Learned, name: string): ClientStep {
  return { state: { at: 'export-name', learned }, send: [encodeOption({ kind: 'export-name', name })] }
}

function ready(learned: Learned): ClientStep {
  const { size, flags, blockSize } = learned
  if (size === null || (flags & transmissionFlags.hasFlags) === 0)
    return dead('the server did not describe the export')
  const { minimum, maximum } = blockSize
  const isPower = minimum > 0 && minimum <= limits.option && (minimum & (minimum - 1)) === 0
  if (!isPower || maximum < minimum) return dead('the server states impossible block sizes')
  if (maximum < Math.min(smallestRequest, Math.max(size, 1)))
    return dead(`the server takes requests of at most ${maximum} bytes, too small to read a disk by`)
  if (size % minimum !== 0) return dead('the size of the export is not a whole number of its blocks')
  return { state: { at: 'ready', facts: factsOf(learned, size) }, send: [] }
}

function refusal({ type, data }: OptionReply): string {
  const what =
    type === optionReplies.errUnknown ? 'the server does not know the export' : 'the server refused'
  const text = peerText(data)
  return text === '' ? `${what} (reply ${type - firstOptionError})` : `${what}: ${text}`
}

function dead(reason: string, why?: DeadFor): ClientStep {
  return { state: { at: 'dead', reason, ...(why && { why }) }, send: [] }
}
