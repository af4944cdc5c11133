import type { FastifyReply, FastifyRequest } from 'fastify'

/** Compresses answers of the API, of which a page of the image list is 70 KiB and a tenth of it compressed. */
export async function compressAnswer(
  request: Pick<FastifyRequest, 'headers' | 'method'>,
  _reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  // tRPC answers with a Response; everything else is a file, which the build has compressed, or short.
  if (!(payload instanceof Response) || payload.body === null || request.method === 'HEAD') return payload
  const headers = new Headers(payload.headers)
  if (headers.get('content-type')?.startsWith('application/json') !== true) return payload
  headers.append('vary', 'accept-encoding')
  const takesGzip = /\bgzip\b/u.test(request.headers['accept-encoding'] ?? '')
  if (!takesGzip) return new Response(payload.body, { status: payload.status, headers })
  headers.set('content-encoding', 'gzip')
  headers.delete('content-length')
  const body = payload.body.pipeThrough(new CompressionStream('gzip'))
  return new Response(body, { status: payload.status, headers })
}
