import { toHex } from '@varve/core/binary/hex'
import { randomHex } from '@varve/core/binary/random-hex'
import type { Fresh } from './wired.ts'

/** A value that an attempt makes anew, in hexadecimal: an id that is no other's by chance, or a token that cannot be guessed. */
export function makeFresh(kind: Fresh['$fresh']): string {
  return kind === 'id' ? randomHex(6) : toHex(crypto.getRandomValues(new Uint8Array(24)))
}
