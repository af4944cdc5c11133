import type { Grant } from './people.ts'

/** A person who has signed in, or whose key was shown. */
export interface PersonIdentity {
  readonly kind: 'person'
  /** What they may, and what the key that they show may: only what all of these let be done. */
  readonly grants: readonly [Grant, ...Grant[]]
  readonly id: string
  readonly name: string
  readonly by: {
    readonly kind: 'session' | 'key'
    readonly id: string
    /** When its time is over, in milliseconds since 1970; left out: not told. */
    readonly until?: number
  }
}

/** Who speaks on a connection, as far as the connection itself or what it carries proves it. */
export type Identity =
  /** Who may read the controller's own file on its machine, or everybody where nobody signs in. */
  | { readonly kind: 'local' }
  /** An agent, by its certificate of this fleet; `serial` in hexadecimal. */
  | { readonly kind: 'agent'; readonly host: string; readonly serial: string }
  | PersonIdentity
  /** Somebody who has shown nothing that is believed; `why`: what was wrong with what was shown. */
  | { readonly kind: 'nobody'; readonly why: string | null }
