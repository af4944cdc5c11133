import { createHmac } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { done } from '../audit/result-of.ts'
import { headersOf, originOf } from '../people/identify.ts'
import { createLockOut } from '../people/lock-out.ts'
import { jsonOf } from '../people/people-store.ts'
import { peerHeader, type SignIn } from '../people/sign-in.ts'
import { singleSignOnId } from '../people/single-sign-on.ts'
import { refuseJson } from './json-limits.ts'
import type { RecordRequest } from './record-request.ts'

/** What of better-auth is answered; everything else of it is not there. */
const paths = new Set([
  'POST /sign-in/username',
  'POST /sign-in/link',
  'POST /sign-in/social',
  'POST /sign-out',
  'POST /two-factor/enable',
  'POST /two-factor/disable',
  'POST /two-factor/verify-totp',
  'POST /two-factor/verify-backup-code',
  'POST /two-factor/generate-backup-codes',
  'GET /passkey/generate-register-options',
  'POST /passkey/verify-registration',
  'GET /passkey/generate-authenticate-options',
  'POST /passkey/verify-authentication',
  'POST /passkey/delete-passkey',
  'POST /device/code',
  'POST /device/token',
  'GET /device',
  'POST /device/approve',
  'POST /device/deny',
])
/** Where a single sign-on sends people back to. */
const callback = `GET /callback/${singleSignOnId}`
/** Asked again and again until somebody approves: no line each. */
const quiet = new Set(['/device/token', '/device'])

/** Sign-ins from one address in a minute, by any name: far too few to guess. */
const mostTries = 60
const minuteMs = 60_000

export interface AuthRouteOptions {
  readonly signIn: SignIn
  /** Signs cookies. */
  readonly secret: string
  readonly record: RecordRequest
  readonly isSignInOff: boolean
}

/** Of what better-auth answers; not what holds a session where scripts can read it. */
const passedOn = ['content-type', 'location', 'retry-after', 'x-retry-after'] as const

const Named = z.object({ username: z.string().max(200) })
const Token = z.looseObject({ access_token: z.string() })

/** Signing in and out, as better-auth does it, with what is tried written down and made slow where it is guessing. */
export function authRoutes(options: AuthRouteOptions) {
  const lockOut = createLockOut(() => Date.now())
  const tries = new Map<string, number>()
  const forgetting = setInterval(() => tries.clear(), minuteMs).unref()

  return async function routes(app: FastifyInstance): Promise<void> {
    app.addHook('onClose', () => clearInterval(forgetting))
    app.route({
      method: ['GET', 'POST'],
      url: '/api/auth/*',
      handler: async (request, reply) => {
        const path = request.url.slice('/api/auth'.length).split('?', 1)[0] ?? ''
        const asked = `${request.method} ${path}`
        if (options.isSignInOff || !(paths.has(asked) || asked === callback))
          return await reply.code(404).send({ message: 'There is nothing here.' })
        return await answer(request, reply, path)
      },
    })
  }

  async function answer(request: FastifyRequest, reply: FastifyReply, path: string): Promise<FastifyReply> {
    const body = writtenAnew(request.body ?? {})
    const tooLarge = body === null ? 'The message is nested too deep.' : refuseJson(body)
    if (body === null || tooLarge !== null)
      return await reply.code(413).send({ code: 'TOO_LARGE', message: tooLarge })
    const isTry = request.method === 'POST' && /^\/(?:sign-in|two-factor|passkey|device)\//u.test(path)
    const name = isTry ? nameIn(request.body) : null
    // What cannot be guessed is not held up by others who guess.
    const waitMs = Math.max(
      tooMany(request.ip, isTry && path !== '/sign-in/link'),
      name === null ? 0 : lockOut.waitMs(name),
    )
    if (waitMs > 0) {
      record(request, path, { name, status: 429 })
      const seconds = Math.ceil(waitMs / 1000)
      return await reply
        .code(429)
        .header('retry-after', String(seconds))
        .send({ code: 'TOO_MANY_TRIES', message: `Too many wrong tries: wait ${seconds} s.` })
    }
    if (name !== null) lockOut.failed(name)
    const answered = await options.signIn.at(originOf(request.raw)).handler(fetchRequestOf(request, body))
    // Counted before, so that many at once are no way round it.
    if (name !== null && answered.status === 200) lockOut.succeeded(name)
    reply.code(answered.status)
    for (const header of passedOn) {
      const value = answered.headers.get(header)
      if (value !== null) void reply.header(header, value)
    }
    for (const cookie of answered.headers.getSetCookie()) void reply.header('set-cookie', cookie)
    const text = await answered.text()
    const person = name ?? personIn(text)
    if (isTry || path === '/sign-out') record(request, path, { name: person, status: answered.status })
    return await reply
      .header('cache-control', 'no-store')
      .send(path === '/device/token' ? withSignature(text, options.secret) : withoutToken(text))
  }

  function tooMany(peer: string, isTry: boolean): number {
    if (!isTry) return 0
    const count = (tries.get(peer) ?? 0) + 1
    tries.set(peer, count)
    return count > mostTries ? minuteMs : 0
  }

  function record(
    request: FastifyRequest,
    path: string,
    { name, status }: { readonly name: string | null; readonly status: number },
  ): void {
    if (quiet.has(path) && status !== 200) return
    const what = `sign-in${path.replace(/^\/sign-in/u, '').replaceAll('/', '.')}`
    const result =
      status < 400
        ? done
        : ({ state: 'refused', code: String(status), reason: `answered with ${status}` } as const)
    options.record(request, { what, input: null, on: name === null ? [] : [`person:${name}`], result })
  }
}

function nameIn(body: unknown): string | null {
  const parsed = Named.safeParse(body)
  return parsed.success ? parsed.data.username.toLowerCase() : null
}

const SignedIn = z.object({ user: z.object({ name: z.string().max(64) }) })

function personIn(answer: string): string | null {
  const parsed = SignedIn.safeParse(jsonOf(answer))
  return parsed.success ? parsed.data.user.name : null
}

/** As better-auth takes it; what of its head says where it came from is ours. */
function fetchRequestOf({ raw, method, ip, url }: FastifyRequest, body: string): Request {
  const headers = headersOf(raw)
  for (const name of Object.keys(raw.headers))
    if (/^(?:x-forwarded|forwarded|x-real-ip)/u.test(name)) headers.delete(name)
  headers.delete('content-length')
  headers.set(peerHeader, ip)
  return new Request(new URL(url, originOf(raw)), {
    method,
    headers,
    ...(method === 'POST' && { body }),
  })
}

/** A browser has its cookie: nothing else of it is to be where scripts read. */
function withoutToken(text: string): string {
  const parsed = jsonOf(text)
  if (typeof parsed !== 'object' || parsed === null || !('token' in parsed)) return text
  const { token: _token, ...rest } = parsed
  return JSON.stringify(rest)
}

/** The command shows the token as a cookie has it: signed, so that what lies in the database lets nobody in. */
function withSignature(text: string, secret: string): string {
  const parsed = Token.safeParse(jsonOf(text))
  if (!parsed.success) return text
  const { access_token: token, ...rest } = parsed.data
  const signature = createHmac('sha256', secret).update(token).digest('base64')
  return JSON.stringify({ ...rest, access_token: `${token}.${signature}` })
}

/** Null for what is nested deeper than it can be written. */
function writtenAnew(value: unknown): string | null {
  try {
    return JSON.stringify(value)
  } catch {
    return null
  }
}
