/** Who speaks on a connection, as far as the connection itself proves it. */
export type Identity =
  /** Somebody on this machine, or on a network that was opened on purpose: nothing is proven. */
  | { readonly kind: 'local' }
  /** An agent, by its certificate of this fleet. */
  | { readonly kind: 'agent'; readonly host: string; readonly serial: string }
