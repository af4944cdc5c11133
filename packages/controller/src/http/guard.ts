import type { IncomingMessage } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'

/**
 * Why a request must not be answered, or null. Keeps web pages of other sites out: their requests carry an `Origin` that
 * is not ours, and after DNS rebinding a `Host` that is no loopback name.
 */
export function refuseRequest(
  request: Pick<IncomingMessage, 'headers'>,
  options: { isLoopback: boolean },
): string | null {
  const { host, origin } = request.headers
  const own = host === undefined ? null : parse(`http://${host}`)
  if (!own) return 'The request names no host.'
  if (options.isLoopback && !isLoopbackName(own.hostname)) {
    return 'This controller answers on loopback only: open it as http://127.0.0.1 or http://localhost.'
  }
  if (origin === undefined) return null
  return parse(origin)?.host === own.host ? null : 'Requests from pages of another site are not answered.'
}

/** Whether an address to listen on is reached from this machine only. */
export function isLoopbackName(name: string): boolean {
  const bare = name.replace(/^\[(.*)\]$/u, '$1').toLowerCase()
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true
  return (isIPv4(bare) && bare.startsWith('127.')) || (isIPv6(bare) && bare === '::1')
}

function parse(url: string): URL | null {
  return URL.parse(url)
}
