import { hostname } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import type { FleetRoots } from '@varve/protocol/trust'
import { z } from 'zod'
import type { CommandContext, Outcome } from '../command.ts'
import { openWay } from '../controller-way.ts'
import { keepCredential, keptCredential } from '../credentials.ts'
import { exitCodes } from '../exit-codes.ts'
import { ask, controllerUrl, openFleet } from '../fleet.ts'

export interface LoginOptions {
  readonly pin?: string
}

/** RFC 8628: what the controller says of the device that asks. */
const Device = z.object({
  device_code: z.string(),
  user_code: z.string(),
  expires_in: z.number(),
  interval: z.number().min(1).max(60),
})
const Token = z.object({ access_token: z.string(), expires_in: z.number() })
const Waiting = z.object({ error: z.string(), error_description: z.string().optional() })
const client = 'varve'
const grant = 'urn:ietf:params:oauth:grant-type:device_code'

/** `varve login`: by the device flow of OAuth 2.0, RFC 8628. */
export async function login(
  given: string | undefined,
  options: LoginOptions,
  context: CommandContext,
): Outcome {
  const url = controllerUrl(given ?? context.config.controller)
  const fleet = await believedFleet(url, options.pin, context)
  await using way = openWay(url, fleet)
  const asker = { url, fetch: way.fetch, signal: context.signal }
  const { answer } = await post(asker, '/device/code', { client_id: client, scope: `command@${hostname()}` })
  const device = Device.safeParse(answer)
  if (!device.success) throw refused(url, 'it signs nobody in', 'Ask whether people sign in there at all.')
  const { device_code: code, user_code: userCode, interval } = device.data
  const shown = userCode.length === 8 ? `${userCode.slice(0, 4)}-${userCode.slice(4)}` : userCode
  context.remark(
    `Open ${url.origin}/device?user_code=${userCode} in a browser, and approve the code ${shown}.`,
  )
  const token = await untilApproved(asker, { code, seconds: device.data.expires_in, interval })
  const expiresAt = new Date(Date.now() + token.expires_in * 1000).toISOString()
  keepCredential(context.config, url, {
    token: token.access_token,
    person: '',
    expiresAt,
    ...(fleet && { fleet }),
  })
  await using opened = openFleet(context, url.origin)
  const { person } = await ask(url.origin, () => opened.api.account.me.query())
  const name = person?.name ?? ''
  keepCredential(context.config, url, {
    token: token.access_token,
    person: name,
    expiresAt,
    ...(fleet && { fleet }),
  })
  context.print(
    context.json
      ? JSON.stringify(
          { controller: url.origin, person: name, role: person?.role ?? null, expiresAt },
          null,
          2,
        )
      : `Signed in at ${url.origin} as ${name}, ${person?.role ?? 'nobody'}, until ${expiresAt.slice(0, 10)}.`,
  )
  return exitCodes.ok
}

/** `varve logout` */
export async function logout(given: string | undefined, context: CommandContext): Outcome {
  const url = controllerUrl(given ?? context.config.controller)
  const kept = keptCredential(context.config, url)
  if (kept) {
    await using way = openWay(url, kept.fleet ?? null)
    const headers = { authorization: `Bearer ${kept.token}` }
    // One that cannot be reached forgets it when its time is over.
    await post({ url, fetch: way.fetch, signal: context.signal, headers }, '/sign-out', {}).catch(() => null)
    keepCredential(context.config, url, null)
  }
  context.print(
    context.json
      ? JSON.stringify({ controller: url.origin, signedOut: kept !== null })
      : kept
        ? `Signed out of ${url.origin}.`
        : `Nobody was signed in at ${url.origin}.`,
  )
  return exitCodes.ok
}

interface Asker {
  readonly url: URL
  readonly fetch: typeof globalThis.fetch
  readonly signal: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
}

async function post(
  { url, fetch, signal, headers = {} }: Asker,
  path: string,
  body: unknown,
): Promise<{ readonly isDone: boolean; readonly answer: unknown }> {
  try {
    const response = await fetch(new URL(`/api/auth${path}`, url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': `varve/command (${hostname()})`,
        ...headers,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
    })
    const text = await response.text()
    return { isDone: response.ok, answer: text === '' ? null : JSON.parse(text) }
  } catch (error) {
    signal.throwIfAborted()
    const reason = error instanceof SyntaxError ? 'it does not answer in JSON' : causeOf(error)
    throw new DiskError('controller-gone', { file: url.origin, why: 'other', reason }, { cause: error })
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

async function untilApproved(
  asker: Asker,
  { code, seconds, interval }: { readonly code: string; readonly seconds: number; readonly interval: number },
): Promise<z.infer<typeof Token>> {
  const until = Date.now() + seconds * 1000
  let waitSeconds = interval
  while (Date.now() < until) {
    await sleep(waitSeconds * 1000, undefined, { signal: asker.signal })
    const { isDone, answer } = await post(asker, '/device/token', {
      grant_type: grant,
      device_code: code,
      client_id: client,
    })
    if (isDone) return Token.parse(answer)
    const { error, error_description: why } = Waiting.catch({ error: 'refused' }).parse(answer)
    if (error === 'slow_down') waitSeconds += 5
    else if (error === 'access_denied')
      throw refused(asker.url, 'it was denied in the browser', 'Sign in anew: varve login.')
    else if (error !== 'authorization_pending')
      throw refused(asker.url, why ?? error, 'Sign in anew: varve login.')
  }
  throw refused(asker.url, 'nobody has approved the code in time', 'Sign in anew: varve login.')
}

/** Whom the command believes at an address with TLS: what the system knows, the pin, or what a person at the terminal has compared. */
async function believedFleet(
  url: URL,
  pin: string | undefined,
  context: CommandContext,
): Promise<FleetRoots | null> {
  if (url.protocol !== 'https:') return null
  const { believedRoots, saidRoots } = await import('@varve/agent/trust/ask-controller')
  if (pin !== undefined) return await believedRoots(url, pin)
  const known = keptCredential(context.config, url, { evenOver: true })?.fleet
  if (known) return known
  if (await isBelievedBySystem(url)) return null
  const { pinOf } = await import('@varve/trust/pin')
  const said = await saidRoots(url)
  const [root = ''] = said.roots
  const shown = pinOf(root)
  if (!context.config.isTerminal || process.stdin.isTTY !== true)
    throw refused(
      url,
      `its key ${shown} is not known here`,
      `Compare it with what varve agents shows on the controller, then: varve login ${url.origin} --pin ${shown}`,
    )
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(
      `The controller at ${url.host} has the key\n  ${shown}\nCompare it with what Settings or varve agents shows on its own machine. Is it the same? [y/N] `,
      { signal: context.signal },
    )
    if (/^y(?:es)?$/iu.test(answer.trim())) return { fleet: said.fleet, roots: [root] }
  } finally {
    terminal.close()
  }
  throw refused(url, 'its key was not confirmed', 'Nothing was told to it.')
}

async function isBelievedBySystem(url: URL): Promise<boolean> {
  try {
    await fetch(new URL('/api/health', url), { signal: AbortSignal.timeout(10_000) })
    return true
  } catch {
    return false
  }
}

function refused(url: URL, reason: string, remedy: string): DiskError {
  return new DiskError('refused', { file: url.origin, reason, remedy })
}
