import type { Fresh } from './wired.ts'

const sizes: Readonly<Record<Fresh['$fresh'], number>> = { id: 6, token: 24 }

/** A value that an attempt makes anew, in hexadecimal: an id that is no other's by chance, or a token that cannot be guessed. */
export function makeFresh(kind: Fresh['$fresh']): string {
  const bytes = crypto.getRandomValues(new Uint8Array(sizes[kind]))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
