import { Membership } from '@varve/protocol/trust'
import { parseJoinToken } from '@varve/trust/join-token'
import { Agent } from 'undici'
import { askController, believedRoots, disposable, refused, secureUrl } from './ask-controller.ts'
import { connectionOptions } from './fleet-connection.ts'
import { dropRequest, openRequest } from './join-request.ts'
import { assertKeepable, readMembership, writeMembership, type KeptMembership } from './membership-file.ts'

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
  assertFree(folder, name)
  const { fleet, roots } = await believedRoots(base, token.pin)
  const { key, request } = await openRequest(folder, token.id)
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
  await dropRequest(folder)
  return kept
}

/** One that is damaged, or that others could read, is what `join` is there for. */
function readable(folder: string): KeptMembership | null {
  try {
    return readMembership(folder)
  } catch {
    return null
  }
}

/** What another host is known by is not written over: its key would be gone. The same host may join anew. */
function assertFree(folder: string, name: string): void {
  const known = readable(folder)
  if (known === null || known.name === name) return
  throw refused(
    `${folder} holds what the host ${known.name} is known by in its fleet`,
    `Say --name ${known.name} to join that one anew, or --data with another folder.`,
  )
}
