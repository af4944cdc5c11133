import type { AuditWho } from '@varve/protocol/audit'
import type { Identity } from '@varve/protocol/identity'

export const controllerItself: AuditWho = { kind: 'controller', name: null, key: null }

/** Who an identity is for the log. */
export function whoOf(identity: Identity): AuditWho {
  switch (identity.kind) {
    case 'local':
      return { kind: 'local', name: null, key: null }
    case 'agent':
      return { kind: 'agent', name: identity.host, key: identity.serial }
    case 'person':
      return { kind: 'person', name: identity.name, key: `${identity.by.kind}:${identity.by.id}` }
    case 'nobody':
      return { kind: 'nobody', name: null, key: null }
  }
}
