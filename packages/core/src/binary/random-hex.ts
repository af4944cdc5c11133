import { toHex } from './hex.ts'

/**
 * `bytes` random bytes in hexadecimal, for names that are to be no other's by chance; whoever wants to can guess them.
 * Node's `crypto`, which cannot be guessed, takes ten milliseconds to load.
 */
export function randomHex(bytes: number): string {
  return toHex(Uint8Array.from({ length: bytes }, () => Math.floor(Math.random() * 256)))
}
