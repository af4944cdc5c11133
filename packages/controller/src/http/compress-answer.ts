import { Readable } from 'node:stream'
import { constants, createBrotliCompress, createGzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Fast enough that compressing costs less than sending, also on loopback. */
const brotliQuality = 3
const gzipLevel = 3

/** Compresses answers of the API, of which a page of the image list is 70 KiB and a tenth of it compressed. */
export async function compressAnswer(
  request: Pick<FastifyRequest, 'headers' | 'method'>,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  const type = reply.getHeader('content-type')
  const isJson = typeof type === 'string' && type.startsWith('application/json')
  if (!isJson || reply.hasHeader('content-encoding') || request.method === 'HEAD') return payload
  const body = toStream(payload)
  if (body === null) return payload
  reply.header('vary', 'accept-encoding')
  const accepted = request.headers['accept-encoding'] ?? ''
  const encoding = /\bbr\b/u.test(accepted) ? 'br' : /\bgzip\b/u.test(accepted) ? 'gzip' : null
  if (encoding === null) return body
  reply.removeHeader('content-length').header('content-encoding', encoding)
  const packer =
    encoding === 'br'
      ? createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } })
      : createGzip({ level: gzipLevel })
  body.on('error', (error) => packer.destroy(error))
  return body.pipe(packer)
}

/** The payload as a stream; null for what is too short to gain, or of another kind. */
function toStream(payload: unknown): Readable | null {
  if (payload instanceof ReadableStream) return Readable.fromWeb(payload)
  if (payload instanceof Readable) return payload
  return typeof payload === 'string' && payload.length > 1024 ? Readable.from([payload]) : null
}
