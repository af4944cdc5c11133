import {
  allocationContext,
  handshakeFlags,
  infoTypes,
  limits,
  magics,
  optionReplies,
  optionTypes,
  transmissionFlags,
} from '../messages/numbers.ts'
import {
  exportNamePadding,
  exportNameReply,
  greeting,
  infoBlockSize,
  infoExport,
} from '../messages/handshake-messages.ts'
import { encodeOptionReply } from '../messages/option-messages.ts'
import type { ClientOption } from '../messages/option-messages.ts'
import { joined, lengthAndText, u16, u32, utf8, utf8UpTo } from '../messages/wire-text.ts'

/** The id of `base:allocation` on our connections. */
export const allocationContextId = 1

export type TlsState = 'none' | 'due' | 'done'

/** Where the server stands in the handshake with one client. */
export type ServerHandshake =
  | { readonly at: 'flags' }
  | {
      readonly at: 'options'
      /** `due`: nothing is answered before TLS. */
      readonly tls: TlsState
      readonly omitsPadding: boolean
      readonly hasStructuredReplies: boolean
      /** Export for which the client selected `base:allocation`. */
      readonly contextFor: string | null
    }
  /** The acknowledgement is the last of the plain text: `acceptTls` goes on inside. */
  | { readonly at: 'starttls'; readonly omitsPadding: boolean }
  | {
      readonly at: 'transmission'
      readonly exportName: string
      readonly hasStructuredReplies: boolean
      readonly hasBlockStatus: boolean
    }
  | { readonly at: 'closed'; readonly reason: string }

/** What the handshake needs to know of an export. */
export interface OfferedExport {
  readonly size: number
  readonly description: string | null
  readonly canWrite: boolean
}

/** What the world answered about the option at hand. */
export interface OptionContext {
  /** The export that the option names; null: there is none, or it names none. */
  readonly offered: OfferedExport | null
  /** The client may not open the export that the option names, whether there is one or not. */
  readonly isBarred?: boolean
  /** Names that may be listed; null: listing is not allowed. */
  readonly listed: readonly ListedExport[] | null
}

export interface ListedExport {
  readonly name: string
  readonly description: string | null
}

export interface ServerStep {
  readonly state: ServerHandshake
  readonly send: readonly Uint8Array[]
}

type OptionsState = Extract<ServerHandshake, { at: 'options' }>

/** Preferred request in bytes that we announce. */
const preferredBlockSize = 64 * 1024

/** What the server says first. */
export function encodeGreeting(): Uint8Array {
  const flags = handshakeFlags.fixedNewstyle | handshakeFlags.noZeroes
  return greeting.write({ magic: magics.server, style: magics.option, flags })
}

/** Takes in the client's flags. */
export function acceptClientFlags(flags: number, tls: TlsState = 'none'): ServerHandshake {
  const known = handshakeFlags.fixedNewstyle | handshakeFlags.noZeroes
  if ((flags & ~known) !== 0 || flags > 0xffff) return { at: 'closed', reason: 'unknown client flags' }
  if ((flags & handshakeFlags.fixedNewstyle) === 0) {
    return { at: 'closed', reason: 'the client does not speak fixed newstyle' }
  }
  const omitsPadding = (flags & handshakeFlags.noZeroes) !== 0
  return { at: 'options', tls, omitsPadding, hasStructuredReplies: false, contextFor: null }
}

/** Goes on inside TLS, with nothing of what was said before but the client's flags. */
export function acceptTls({
  omitsPadding,
}: Extract<ServerHandshake, { at: 'starttls' }>): Extract<ServerHandshake, { at: 'options' }> {
  return { at: 'options', tls: 'done', omitsPadding, hasStructuredReplies: false, contextFor: null }
}

/** The export that an option names, which the caller looks up for `OptionContext.offered`; null: none. */
export function exportNamedBy(option: ClientOption): string | null {
  return 'name' in option ? option.name : null
}

/** Answers one option. No answer tells whether an export of another name exists, nor repeats a name in an error. */
export function answerOption(state: OptionsState, option: ClientOption, context: OptionContext): ServerStep {
  if (state.tls === 'due') return answerBeforeTls(state, option)
  if (context.isBarred === true) return answerBarred(state, option)
  switch (option.kind) {
    case 'abort':
      return {
        state: { at: 'closed', reason: 'the client ended the handshake' },
        send: [encodeOptionReply(optionTypes.abort, optionReplies.ack)],
      }
    case 'list':
      return { state, send: answerList(context.listed) }
    case 'structured-reply':
      return {
        state: { ...state, hasStructuredReplies: true },
        send: [encodeOptionReply(optionTypes['structured-reply'], optionReplies.ack)],
      }
    case 'export-name':
      return answerExportName(state, option.name, context.offered)
    case 'info':
    case 'go':
      return answerGo(state, option, context.offered)
    case 'list-meta-context':
    case 'set-meta-context':
      return answerMetaContext(state, option, context.offered)
    case 'starttls':
      return refuse(
        state,
        optionTypes.starttls,
        state.tls === 'done'
          ? { type: optionReplies.errInvalid, text: 'TLS is spoken already' }
          : { type: optionReplies.errPolicy, text: 'TLS is not offered here' },
      )
    case 'malformed':
      return refuse(state, option.option, { type: optionReplies.errInvalid, text: 'the option is malformed' })
    case 'unknown':
      return refuse(state, option.option, {
        type: optionReplies.errUnsup,
        text: 'the option is not supported',
      })
  }
}

/** Whoever has not shown a certificate learns nothing, not even which options there are. */
function answerBeforeTls(state: OptionsState, option: ClientOption): ServerStep {
  const number = numberOf(option)
  if (option.kind === 'starttls')
    return {
      state: { at: 'starttls', omitsPadding: state.omitsPadding },
      send: [encodeOptionReply(number, optionReplies.ack)],
    }
  if (option.kind === 'abort')
    return {
      state: { at: 'closed', reason: 'the client ended the handshake' },
      send: [encodeOptionReply(number, optionReplies.ack)],
    }
  if (option.kind === 'export-name')
    return { state: { at: 'closed', reason: 'the client asked for an export without TLS' }, send: [] }
  return number === optionTypes.starttls
    ? refuse(state, number, { type: optionReplies.errInvalid, text: 'the option is malformed' })
    : refuse(state, number, { type: optionReplies.errTlsReqd, text: 'only over TLS (NBD_OPT_STARTTLS)' })
}

function answerBarred(state: OptionsState, option: ClientOption): ServerStep {
  if (option.kind === 'export-name')
    return { state: { at: 'closed', reason: 'the client may not open that export' }, send: [] }
  const cleared = option.kind === 'set-meta-context' ? { ...state, contextFor: null } : state
  return refuse(cleared, numberOf(option), {
    type: optionReplies.errPolicy,
    text: 'this certificate may not open that export',
  })
}

function numberOf(option: ClientOption): number {
  return 'option' in option ? option.option : optionTypes[option.kind]
}

/** The transmission flags of an export on a connection. */
export function exportFlags(offered: OfferedExport, hasStructuredReplies: boolean): number {
  return (
    transmissionFlags.hasFlags |
    transmissionFlags.canMultiConn |
    (offered.canWrite
      ? transmissionFlags.sendFlush | transmissionFlags.sendFua
      : transmissionFlags.readOnly) |
    (hasStructuredReplies ? transmissionFlags.sendDf : 0)
  )
}

function answerList(listed: readonly ListedExport[] | null): Uint8Array[] {
  const option = optionTypes.list
  if (listed === null) {
    return [encodeOptionReply(option, optionReplies.errPolicy, utf8('exports are not listed here'))]
  }
  const servers = listed.map(({ name, description }) =>
    encodeOptionReply(
      option,
      optionReplies.server,
      joined(lengthAndText(name), utf8UpTo(description ?? '', limits.string)),
    ),
  )
  return [...servers, encodeOptionReply(option, optionReplies.ack)]
}

/** `NBD_OPT_EXPORT_NAME` knows no error reply: closing is the protocol's only refusal. */
function answerExportName(state: OptionsState, name: string, offered: OfferedExport | null): ServerStep {
  if (offered === null)
    return { state: { at: 'closed', reason: 'the client asked for an unknown export' }, send: [] }
  const flags = exportFlags(offered, state.hasStructuredReplies)
  const reply = exportNameReply.write({ size: offered.size, flags })
  const padding = new Uint8Array(state.omitsPadding ? 0 : exportNamePadding)
  return { state: enterTransmission(state, name), send: [reply, padding] }
}

function answerGo(
  state: OptionsState,
  option: Extract<ClientOption, { kind: 'info' | 'go' }>,
  offered: OfferedExport | null,
): ServerStep {
  const number = optionTypes[option.kind]
  if (offered === null) return refuse(state, number, unknownExport)
  const info = (data: Uint8Array): Uint8Array => encodeOptionReply(number, optionReplies.info, data)
  const flags = exportFlags(offered, state.hasStructuredReplies)
  const send = [
    info(infoExport.write({ type: infoTypes.export, size: offered.size, flags })),
    info(
      infoBlockSize.write({
        type: infoTypes.blockSize,
        minimum: 1,
        preferred: preferredBlockSize,
        maximum: limits.payload,
      }),
    ),
  ]
  if (option.infos.includes(infoTypes.name)) send.push(info(joined(u16(infoTypes.name), utf8(option.name))))
  if (option.infos.includes(infoTypes.description) && offered.description !== null) {
    send.push(info(joined(u16(infoTypes.description), utf8UpTo(offered.description, limits.string))))
  }
  send.push(encodeOptionReply(number, optionReplies.ack))
  return { state: option.kind === 'go' ? enterTransmission(state, option.name) : state, send }
}

function answerMetaContext(
  state: OptionsState,
  option: Extract<ClientOption, { kind: 'list-meta-context' | 'set-meta-context' }>,
  offered: OfferedExport | null,
): ServerStep {
  const number = optionTypes[option.kind]
  const isSelection = option.kind === 'set-meta-context'
  const cleared = isSelection ? { ...state, contextFor: null } : state
  if (!state.hasStructuredReplies) {
    return refuse(cleared, number, {
      type: optionReplies.errInvalid,
      text: 'ask for structured replies first',
    })
  }
  if (offered === null) return refuse(cleared, number, unknownExport)
  const { queries } = option
  const isWanted =
    queries.includes(allocationContext) ||
    (!isSelection && (queries.length === 0 || queries.includes('base:')))
  const ack = encodeOptionReply(number, optionReplies.ack)
  if (!isWanted) return { state: cleared, send: [ack] }
  const id = isSelection ? allocationContextId : 0
  const context = encodeOptionReply(
    number,
    optionReplies.metaContext,
    joined(u32(id), utf8(allocationContext)),
  )
  return { state: isSelection ? { ...state, contextFor: option.name } : state, send: [context, ack] }
}

function enterTransmission(state: OptionsState, exportName: string): ServerHandshake {
  const { hasStructuredReplies, contextFor } = state
  return { at: 'transmission', exportName, hasStructuredReplies, hasBlockStatus: contextFor === exportName }
}

interface Refusal {
  readonly type: number
  readonly text: string
}

const unknownExport: Refusal = { type: optionReplies.errUnknown, text: 'there is no such export' }

function refuse(state: ServerHandshake, option: number, { type, text }: Refusal): ServerStep {
  return { state, send: [encodeOptionReply(option, type, utf8(text))] }
}
