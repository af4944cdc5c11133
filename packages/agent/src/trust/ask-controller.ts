import { DiskError, fromErrorRecord } from '@varve/core/problems/disk-error'
import { ErrorView } from '@varve/protocol/primitives'
import { FleetRoots } from '@varve/protocol/trust'
import { isSameSecret, pinOf } from '@varve/trust/pin'
import { Agent, fetch } from 'undici'
import { z } from 'zod'

const answerMs = 30_000
const mostAnswer = 512 * 1024

/** What the controller says of itself; nothing of it is believed yet. */
export async function saidRoots(base: URL): Promise<FleetRoots> {
  await using dispatcher = disposable(new Agent({ connect: { rejectUnauthorized: false } }))
  const said = FleetRoots.safeParse(await askController(new URL('/api/trust/roots', base), dispatcher.agent))
  if (said.success) return said.data
  throw notAController(base)
}

/** Of what the controller says of itself only what the fingerprint proves; throws `refused` when that is nothing. */
export async function believedRoots(base: URL, pin: string): Promise<FleetRoots> {
  const { fleet, roots } = await saidRoots(base)
  const own = roots.filter((root) => isPinned(root, pin))
  if (own.length > 0) return { fleet, roots: own }
  throw refused(
    `what answers at ${base.host} has another key than expected: it is not the controller that is meant, or somebody stands in between`,
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

/** Asks a controller for JSON; `body` is posted. Throws what it refuses, and `refused` for one that is none. */
export async function askController(url: URL, dispatcher: Agent, body?: unknown): Promise<unknown> {
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

/** Its address with TLS; throws `refused` for what is none. */
export function secureUrl(text: string): URL {
  const url = URL.parse(/^[a-z]+:\/\//iu.test(text) ? text : `https://${text}`)
  if (!url || !/^(?:https?|wss?):$/u.test(url.protocol))
    throw refused(
      `${JSON.stringify(text)} is not the address of a controller`,
      'Write it as https://HOST:7070.',
    )
  return new URL(`https://${url.host}`)
}

export function refused(reason: string, remedy: string): DiskError {
  return new DiskError('refused', { file: 'the fleet', reason, remedy })
}

export function disposable(agent: Agent) {
  return { agent, [Symbol.asyncDispose]: () => agent.destroy() }
}
