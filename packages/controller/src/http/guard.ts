import type { IncomingMessage } from 'node:http'
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { plainAddress } from '../agents/serving-address.ts'
import { answerKind } from './security-headers.ts'
import { plainName, type OwnNames } from './own-names.ts'

/** What is known of a request before it is looked at. */
export interface Asked extends Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'method' | 'url'> {
  readonly socket: { readonly localAddress?: string | undefined; readonly encrypted?: boolean }
}

export interface Refusal {
  readonly status: 400 | 401 | 403 | 415 | 421 | 431
  readonly reason: string
}

/** Lines of a request's head; a browser sends about twenty. */
export const mostHeaders = 64

/**
 * Why a request must not be answered, or null. Keeps web pages of other sites out: what they send carries an `Origin`
 * or a `Sec-Fetch-Site` that is not ours, or a type that a form can send, and after DNS rebinding a `Host` that is no
 * name of this controller. An address cannot be rebound: that of the socket itself is a name too.
 */
export function refuseRequest(request: Asked, names: OwnNames): Refusal | null {
  const { host } = request.headers
  if (!isPlainPath(request.url ?? '/'))
    return { status: 400, reason: 'The path is written in a way that is not answered: without its escapes.' }
  const own = host === undefined ? null : URL.parse(`http://${host}`)
  if (request.rawHeaders.length > 2 * mostHeaders)
    return { status: 431, reason: `A request has at most ${mostHeaders} header lines.` }
  if (!own || own.host === '') return { status: 403, reason: 'The request names no host.' }
  if (!isOwnName(own.hostname, request.socket.localAddress, names))
    return {
      status: 421,
      reason: `This controller is not known as ${own.hostname}: open it by an address or the name of its machine, or start it with --name ${own.hostname} (VARVE_NAMES) if that is a name of it.`,
    }
  return refuseSite(request, own.host) ?? refuseType(request)
}

/** Whether a path is of the part of the server that it seems to be of, when its escapes are resolved too. */
function isPlainPath(url: string): boolean {
  const [path = ''] = url.split('?', 1)
  if (!path.startsWith('/')) return false
  try {
    return answerKind(decodeURIComponent(path)) === answerKind(path) && !path.startsWith('//')
  } catch {
    return false
  }
}

function isOwnName(name: string, localAddress: string | undefined, names: OwnNames): boolean {
  const plain = plainName(name)
  if (isLoopbackName(plain) || names.has(plain)) return true
  return isIP(plain) !== 0 && localAddress !== undefined && plainAddress(localAddress) === plainAddress(plain)
}

function refuseSite({ headers, method = '', url = '/', socket }: Asked, own: string): Refusal | null {
  const refusal = { status: 403, reason: 'Requests from pages of another site are not answered.' } as const
  const { origin, 'sec-fetch-site': site } = headers
  if (origin !== undefined) {
    const from = URL.parse(origin)
    if (from?.host !== own) return refusal
    // A page that came unencrypted may be anybody's.
    if (socket.encrypted === true && from.protocol !== 'https:') return refusal
  }
  const isOfOwnSite = site === undefined || site === 'same-origin' || site === 'none'
  const isReading = method === 'GET' || method === 'HEAD'
  // A link from elsewhere to a page of the dashboard is none of what is refused.
  return isOfOwnSite || (isReading && answerKind(url) !== 'data') ? null : refusal
}

/** What a form of another site can send without being asked for leave is no call of the API. */
function refuseType({ headers, method, url = '/' }: Asked): Refusal | null {
  if (method !== 'POST' || !/^\/trpc(?:[/?]|$)/u.test(url)) return null
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() === 'application/json') return null
  return { status: 415, reason: 'Calls are sent as application/json.' }
}

/** Whether an address to listen on is reached from this machine only. */
export function isLoopbackName(name: string): boolean {
  const bare = plainName(name)
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true
  return (isIPv4(bare) && bare.startsWith('127.')) || (isIPv6(bare) && bare === '::1')
}
