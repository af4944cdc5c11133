import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { isLoopbackName, type Asked, type Refusal } from './guard.ts'
import type { MatchedRoute } from './route-guard.ts'
import { notBuiltPage } from './not-built-page.ts'
import { answerKind, securityHeaders, textPagePolicy } from './security-headers.ts'

/** Sets the headers of every answer, and refuses what is to be refused before anything of it is read. */
export function protect(
  app: FastifyInstance,
  refuse: (request: IncomingMessage, matched: MatchedRoute) => Promise<Refusal | null>,
): void {
  app.addHook('onRequest', async ({ raw, params, is404, routeOptions }, reply) => {
    for (const [name, value] of Object.entries(headersFor(raw))) reply.raw.setHeader(name, value)
    const refusal = await refuse(raw, { route: is404 ? null : (routeOptions.url ?? null), params })
    if (refusal === null) return
    // What may still come of a request that is refused is not waited for.
    await reply.code(refusal.status).header('connection', 'close').type('text/plain').send(refusal.reason)
  })
  // A form of another site can send it without asking.
  app.removeContentTypeParser('text/plain')
}

/** Answers a WebSocket's request that is refused, and ends its connection. */
export function refuseUpgrade(socket: Duplex, request: IncomingMessage, { status, reason }: Refusal): void {
  const headers = { 'content-type': 'text/plain', ...headersFor(request), connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n${reason}`)
  // One that does not end its side is not waited for.
  setTimeout(() => socket.destroy(), 1000).unref()
}

function headersFor({ socket, url = '/', headers }: Asked): Readonly<Record<string, string>> {
  const name = URL.parse(`http://${headers.host ?? ''}`)?.hostname ?? ''
  // Other services of this machine have the same name, and no certificate.
  const isEncrypted = socket.encrypted === true && !isLoopbackName(name)
  return securityHeaders(answerKind(url), { isEncrypted })
}

const [, notBuiltStyle = ''] = /<style>(?<style>[^]*?)<\/style>/u.exec(notBuiltPage) ?? []

/** Lets in the style that stands in the page that stands in for the dashboard. */
export const notBuiltPolicy = textPagePolicy(
  `sha256-${createHash('sha256').update(notBuiltStyle).digest('base64')}`,
)
