/** Unguessable, without `crypto.randomUUID`, which plain HTTP off loopback lacks. */
export function makeKey(what: string): string {
  const random = crypto.getRandomValues(new Uint8Array(16))
  return `${what.slice(0, 40)}-${[...random].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
