import type { Identity } from '@varve/protocol/identity'

/** Names whose something is that was begun: a person, by whatever they have signed in; or who is of this machine. */
export function ownerOf(identity: Identity): string {
  switch (identity.kind) {
    case 'person':
      return `person/${identity.id}`
    case 'agent':
      return `agent/${identity.host}`
    case 'local':
    case 'nobody':
      return identity.kind
  }
}

/** A key that a caller has made, by which it finds what it began itself, and nobody else's. */
export function ownKey(identity: Identity, key: string): string {
  return `${ownerOf(identity)}/${key}`
}
