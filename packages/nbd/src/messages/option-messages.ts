import { magics, optionTypes } from './numbers.ts'
import type { OptionName } from './numbers.ts'
import { optionHeader, optionReplyHeader } from './handshake-messages.ts'
import { WireCursor } from './wire-cursor.ts'
import { joined, lengthAndText, u16, u32, utf8 } from './wire-text.ts'

/** What a client asks for during the handshake, decoded once (specification: "Option types"). */
export type ClientOption =
  | { readonly kind: 'export-name'; readonly name: string }
  | { readonly kind: 'abort' | 'list' | 'structured-reply' | 'starttls' }
  | { readonly kind: 'info' | 'go'; readonly name: string; readonly infos: readonly number[] }
  | {
      readonly kind: 'list-meta-context' | 'set-meta-context'
      readonly name: string
      readonly queries: readonly string[]
    }
  | { readonly kind: 'malformed'; readonly option: number }
  | { readonly kind: 'unknown'; readonly option: number }

const names = new Map<number, OptionName>(
  (Object.keys(optionTypes) as OptionName[]).map((name) => [optionTypes[name], name]),
)

/** The option of number `option` with its `data`; never throws. */
export function decodeOption(option: number, data: Uint8Array): ClientOption {
  const kind = names.get(option)
  const cursor = new WireCursor(data)
  const malformed = { kind: 'malformed', option } as const
  switch (kind) {
    case undefined:
      return { kind: 'unknown', option }
    case 'export-name': {
      const name = cursor.rest()
      return cursor.isFinished ? { kind, name } : malformed
    }
    case 'info':
    case 'go': {
      const name = cursor.text(cursor.u32())
      const infos = items(cursor.u16(), cursor, () => cursor.u16())
      return cursor.isFinished ? { kind, name, infos } : malformed
    }
    case 'list-meta-context':
    case 'set-meta-context': {
      const name = cursor.text(cursor.u32())
      const queries = items(cursor.u32(), cursor, () => cursor.text(cursor.u32()))
      return cursor.isFinished ? { kind, name, queries } : malformed
    }
    case 'abort':
    case 'list':
    case 'structured-reply':
    case 'starttls':
      return cursor.isFinished ? { kind } : malformed
  }
}

/** The bytes of an option as a client sends it. */
export function encodeOption(option: Exclude<ClientOption, { kind: 'malformed' | 'unknown' }>): Uint8Array {
  const data = optionData(option)
  const header = { magic: magics.option, option: optionTypes[option.kind], length: data.length }
  return joined(optionHeader.write(header), data)
}

/** The bytes of one answer of a server to option number `option`. */
export function encodeOptionReply(
  option: number,
  type: number,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const header = { magic: magics.optionReply, option, type, length: data.length }
  return joined(optionReplyHeader.write(header), data)
}

function optionData(option: Exclude<ClientOption, { kind: 'malformed' | 'unknown' }>): Uint8Array {
  switch (option.kind) {
    case 'export-name':
      return utf8(option.name)
    case 'info':
    case 'go':
      return joined(lengthAndText(option.name), u16(option.infos.length), ...option.infos.map(u16))
    case 'list-meta-context':
    case 'set-meta-context':
      return joined(
        lengthAndText(option.name),
        u32(option.queries.length),
        ...option.queries.map(lengthAndText),
      )
    case 'abort':
    case 'list':
    case 'structured-reply':
    case 'starttls':
      return new Uint8Array(0)
  }
}

/** Stops at the first item that is missing, so that a lying count costs nothing. */
function items<T>(count: number, cursor: WireCursor, next: () => T): T[] {
  const found: T[] = []
  while (found.length < count && cursor.isIntact) found.push(next())
  return found
}
