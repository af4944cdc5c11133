import { Membership } from '@varve/protocol/trust'
import { makeRequest } from '@varve/trust/certificates'
import { parseJoinToken } from '@varve/trust/join-token'
import { Agent } from 'undici'
import { askController, believedRoots, disposable, refused, secureUrl } from './ask-controller.ts'
import { connectionOptions } from './fleet-connection.ts'
import { assertKeepable, writeMembership, type KeptMembership } from './membership-file.ts'

export interface JoinOptions {
  /** Address of the controller; TLS is spoken whatever it says. */
  readonly url: string
  /** The text of a join token. */
  readonly token: string
  readonly name: string
  /** Folder in which the key and the certificate are kept. */
  readonly folder: string
}

/**
 * Makes the host a member of the fleet that the token is of: believes only a controller that has the key which the token names,
 * tells it the secret, and keeps key and certificate. Throws `refused` and `controller-gone`.
 */
export async function joinFleet({ url, token: text, name, folder }: JoinOptions): Promise<KeptMembership> {
  const token = parseJoinToken(text)
  if (!token) throw refused('the token is none', 'Copy all of it: it begins with varve-join.')
  const base = secureUrl(url)
  await assertKeepable(folder)
  const { fleet, roots } = await believedRoots(base, token.pin)
  const { key, request } = await makeRequest()
  await using dispatcher = disposable(new Agent({ connect: connectionOptions({ fleet, roots }) }))
  const answer = await askController(new URL('/api/trust/join', base), dispatcher.agent, {
    id: token.id,
    secret: token.secret,
    name,
    request,
  })
  const joined = Membership.parse(answer)
  const controller = new URL('/trpc', base)
  controller.protocol = 'wss:'
  const issuedAt = new Date().toISOString()
  const kept: KeptMembership = { ...joined, version: 1, controller: controller.href, key, issuedAt }
  await writeMembership(folder, kept)
  return kept
}
