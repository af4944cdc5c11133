/** A refusal of the routes that sign people in. */
export class AuthError extends Error {
  readonly status: number
  /** As better-auth names it, such as `INVALID_PASSWORD`; empty where it does not. */
  readonly code: string
  /** In seconds, where it was tried too often. */
  readonly retryAfter: number | null

  constructor(
    message: string,
    { status, code, retryAfter }: Pick<AuthError, 'status' | 'code' | 'retryAfter'>,
  ) {
    super(message)
    this.name = 'AuthError'
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

/** Posts to a route below `/api/auth`; what it answers is checked by who reads it. */
export async function postAuth(path: string, body: object): Promise<Record<string, unknown>> {
  return await callAuth(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** Asks a route below `/api/auth`. */
export async function getAuth(
  path: string,
  search: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const words = new URLSearchParams(search).toString()
  return await callAuth(words === '' ? path : `${path}?${words}`, {})
}

async function callAuth(path: string, init: RequestInit): Promise<Record<string, unknown>> {
  const answer = await fetch(`/api/auth${path}`, { ...init, cache: 'no-store', credentials: 'same-origin' })
  const body: unknown = await answer.json().catch(() => null)
  const told = isRecord(body) ? body : {}
  if (answer.ok) return told
  throw new AuthError(firstText(told['message'], told['error_description']) ?? answer.statusText, {
    status: answer.status,
    code: firstText(told['code'], told['error']) ?? '',
    retryAfter: secondsOf(answer.headers.get('retry-after') ?? answer.headers.get('x-retry-after')),
  })
}

function secondsOf(header: string | null): number | null {
  const seconds = Number(header ?? 'none')
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : null
}

function firstText(...values: readonly unknown[]): string | null {
  for (const value of values) if (typeof value === 'string' && value !== '') return value
  return null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
