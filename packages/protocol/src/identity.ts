/** Who speaks on a connection, as far as the connection itself proves it. */
export type Identity =
  /** Somebody on this machine, or on a network that was opened on purpose: nothing more is known. */
  | { readonly kind: 'local' }
  /** An agent, by its certificate of this fleet; `serial` in hexadecimal. */
  | { readonly kind: 'agent'; readonly host: string; readonly serial: string }
  /** Somebody beyond this machine who has shown nothing that is believed; `why`: what was wrong with what was shown. */
  | { readonly kind: 'nobody'; readonly why: string | null }
