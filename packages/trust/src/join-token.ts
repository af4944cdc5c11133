import { randomBytes } from 'node:crypto'

/** What a host needs to join a fleet, as one word that can be pasted. */
export interface JoinToken {
  /** Names it in lists and logs; no secret. */
  readonly id: string
  readonly secret: string
  /** Fingerprint of the key of the fleet's root, see `pinOf`. */
  readonly pin: string
}

const mark = 'varve-join'
const shape = new RegExp(`^${mark}\\.([\\w-]{12})\\.([\\w-]{43})\\.([\\w-]{43})$`, 'u')

/** A new one, of 256 random bits. */
export function makeJoinToken(pin: string): JoinToken {
  return { id: randomBytes(9).toString('base64url'), secret: randomBytes(32).toString('base64url'), pin }
}

export function joinTokenText({ id, secret, pin }: JoinToken): string {
  return [mark, id, secret, pin].join('.')
}

/** Null: it is no such token, or was cut off in copying. */
export function parseJoinToken(text: string): JoinToken | null {
  const [, id, secret, pin] = shape.exec(text.trim()) ?? []
  return id === undefined || secret === undefined || pin === undefined ? null : { id, secret, pin }
}
