import { toHex } from '@varve/core/binary/hex'
import { randomHex } from '@varve/core/binary/random-hex'
import type { Fresh } from './wired.ts'

/** What a token begins with, so that it is known as one wherever it stands. */
const tokenMark = 'varve-once.'

/** A value that an attempt makes anew: an id that is no other's by chance, or a token that cannot be guessed. */
export function makeFresh(kind: Fresh['$fresh']): string {
  return kind === 'id' ? randomHex(6) : `${tokenMark}${toHex(crypto.getRandomValues(new Uint8Array(32)))}`
}
