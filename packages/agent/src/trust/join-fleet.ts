import { DiskError, fromErrorRecord } from '@varve/core/problems/disk-error'
import { ErrorView } from '@varve/protocol/primitives'
import { FleetRoots, Membership } from '@varve/protocol/trust'
import { makeRequest } from '@varve/trust/certificates'
import { parseJoinToken, type JoinToken } from '@varve/trust/join-token'
import { isSameSecret, pinOf } from '@varve/trust/pin'
import { Agent, fetch } from 'undici'
import { z } from 'zod'
import { connectionOptions } from './fleet-tls.ts'
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

const answerMs = 30_000
const mostAnswer = 512 * 1024

/**
 * Makes the host a member of the fleet that the token is of: believes only a controller that has the key which the token names,
 * tells it the secret, and keeps key and certificate. Throws `refused` and `controller-gone`.
 */
export async function joinFleet({ url, token: text, name, folder }: JoinOptions): Promise<KeptMembership> {
  const token = parseJoinToken(text)
  if (!token) throw refused('the token is none', 'Copy all of it: it begins with varve-join.')
  const base = secureUrl(url)
  await assertKeepable(folder)
  const { fleet, roots } = await believedRoots(base, token)
  const { key, request } = await makeRequest()
  await using dispatcher = disposable(new Agent({ connect: connectionOptions({ fleet, roots }) }))
  const answer = await call(new URL('/api/trust/join', base), dispatcher.agent, {
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

/** What the controller says of itself, of which only what the token's fingerprint proves is kept. */
async function believedRoots(base: URL, { pin }: JoinToken): Promise<FleetRoots> {
  await using dispatcher = disposable(new Agent({ connect: { rejectUnauthorized: false } }))
  const said = FleetRoots.safeParse(await call(new URL('/api/trust/roots', base), dispatcher.agent))
  const own = said.data?.roots.filter((root) => isPinned(root, pin)) ?? []
  if (said.data && own.length > 0) return { fleet: said.data.fleet, roots: own }
  throw refused(
    `what answers at ${base.host} has another key than the token says: it is not the controller that made the token, or somebody stands in between`,
    'Nothing was told to it. Compare the address, and the fingerprint that varve agents shows on the controller.',
  )
}

function isPinned(root: string, pin: string): boolean {
  try {
    return isSameSecret(pinOf(root), pin)
  } catch {
    return false
  }
}

async function call(url: URL, dispatcher: Agent, body?: unknown): Promise<unknown> {
  try {
    const response = await fetch(url, {
      dispatcher,
      signal: AbortSignal.timeout(answerMs),
      redirect: 'error',
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    const text = await bounded(response.body ?? [])
    if (!/json/u.test(response.headers.get('content-type') ?? '')) throw notAController(url)
    if (response.ok) return JSON.parse(text)
    throw fromErrorRecord(Refusal.parse(JSON.parse(text)).error)
  } catch (error) {
    if (error instanceof DiskError) throw error
    throw gone(url, causeOf(error))
  }
}

const Refusal = z.object({ error: ErrorView })

function notAController(url: URL): DiskError {
  return refused(
    `what answers at ${url.origin} is no Varve controller`,
    'Compare the address: https://HOST:7070.',
  )
}

async function bounded(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    if (bytes > mostAnswer) throw new Error('the answer is too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function gone(url: URL, cause: string): DiskError {
  const isOther = /SSL routines|TLS connection|bad port|JSON/u.test(cause)
  return refused(
    `the controller at ${url.origin} ${isOther ? 'does not speak TLS as one does: something else listens there' : `cannot be reached: ${cause}`}`,
    `Compare the address; a controller listens at port 7070 unless told otherwise, for other machines with --host.`,
  )
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

function secureUrl(text: string): URL {
  const url = URL.parse(/^[a-z]+:\/\//iu.test(text) ? text : `https://${text}`)
  if (!url || !/^(?:https?|wss?):$/u.test(url.protocol))
    throw refused(
      `${JSON.stringify(text)} is not the address of a controller`,
      'Write it as https://HOST:7070.',
    )
  return new URL(`https://${url.host}`)
}

function refused(reason: string, remedy: string): DiskError {
  return new DiskError('refused', { file: 'the fleet', reason, remedy })
}

function disposable(agent: Agent) {
  return { agent, [Symbol.asyncDispose]: () => agent.destroy() }
}
