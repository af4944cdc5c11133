import type { ServerResponse } from 'node:http'
import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { pieceHeaders, pieceSize, Received, SentFile, Sha256 } from '@varve/protocol/file-streams'
import { Bytes, ImageId } from '@varve/protocol/primitives'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { done } from '../audit/result-of.ts'
import type { Services } from '../router/context.ts'
import { DownloadStream, type Sink } from '../streams/download-stream.ts'
import type { Download, Streams } from '../streams/streams.ts'
import { UploadStream } from '../streams/upload-stream.ts'
import type { RecordRequest } from './record-request.ts'
import { wantedRange, type Wanted } from './byte-range.ts'

export interface FileRouteOptions {
  readonly streams: Streams
  readonly images: Pick<Services['images'], 'get'>
  readonly record: RecordRequest
  readonly ownerOf: (request: FastifyRequest) => string
}

type WithToken = FastifyRequest<{ Params: { token: string } }>

/** Files of libraries for browsers, and the agents' ends of them. */
export function fileRoutes({ streams, images, record, ownerOf }: FileRouteOptions) {
  return async function routes(app: FastifyInstance): Promise<void> {
    app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    )
    // Nobody's bytes are read before it is known whose they are.
    app.addHook<{ Params: { token?: string } }>('onRequest', async (request, reply) => {
      const { token } = request.params
      if (token === undefined) return
      const upload = streams.upload(token, ownerOf(request))
      if (upload?.isBusy === true)
        throw new DiskError('refused', {
          file: upload.file,
          reason: 'another piece of it is on its way',
          remedy: 'Send one piece after the other.',
        })
      if (!upload && !streams.ofAgent(token)) await over(reply)
    })
    app.addHook('onResponse', async (request, reply) => {
      if (request.method !== 'PUT' || reply.statusCode < 400) return
      const reason = `answered with ${reply.statusCode}`
      const result = { state: 'refused', code: String(reply.statusCode), reason } as const
      record(request, { what: 'files.upload', input: null, result })
    })
    app.setErrorHandler((error, request, reply) => fail(reply, error, request.url))
    const bodyLimit = pieceSize

    app.get<{ Params: { id: string } }>('/api/images/:id/file', async (request, reply) => {
      const id = ImageId.parse(request.params.id)
      const image = images.get(id)
      if (!image) throw new DiskError('not-in-fleet', { file: id, kind: 'image' })
      const { host, library, name } = image.row
      const on = [`image:${id}`, `host:${host}`, `library:${host}/${library}`, `file:${name}`]
      if (request.method === 'GET') record(request, { what: 'files.download', input: null, on, result: done })
      await sendFile(request, reply, { streams, of: image.row })
    })

    app.put('/api/uploads/:token', { bodyLimit }, async (request: WithToken, reply) => {
      const stream = streams.upload(request.params.token, ownerOf(request))
      if (!stream) return await over(reply)
      const { at } = z.object({ at: z.coerce.number().pipe(Bytes) }).parse(request.query)
      const sha256 = Sha256.parse(request.headers[pieceHeaders.sha256])
      const received = await stream.put({ at, bytes: bufferOf(request.body), sha256 })
      return await reply.send({ received })
    })

    app.post('/api/streams/:token/offer', async (request: WithToken, reply) => {
      const stream = streams.ofAgent(request.params.token)
      const wanted =
        stream instanceof DownloadStream ? await stream.offer(SentFile.parse(request.body)) : null
      return wanted === null ? await over(reply) : await reply.send(wanted)
    })

    app.post('/api/streams/:token/bring', { bodyLimit }, async (request: WithToken, reply) => {
      const stream = streams.ofAgent(request.params.token)
      const isTaken =
        stream instanceof DownloadStream &&
        (await stream.bring(atOf(request.headers), bufferOf(request.body)))
      return isTaken ? await reply.code(204).send() : await over(reply)
    })

    app.post('/api/streams/:token/fetch', async (request: WithToken, reply) => {
      const stream = streams.ofAgent(request.params.token)
      const piece =
        stream instanceof UploadStream ? await stream.next(Received.parse(request.body)) : 'closed'
      if (piece === 'closed') return await over(reply)
      if (piece === null) return await reply.code(204).send()
      return await reply
        .header(pieceHeaders.at, String(piece.at))
        .header(pieceHeaders.sha256, piece.sha256)
        .type('application/octet-stream')
        .send(piece.bytes)
    })
  }
}

function atOf(headers: FastifyRequest['headers']): number {
  return z.coerce.number().pipe(Bytes).parse(headers[pieceHeaders.at])
}

function bufferOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  throw new DiskError('invalid-request', {
    file: 'upload',
    reason: 'a piece is sent as application/octet-stream',
  })
}

async function over(reply: FastifyReply): Promise<FastifyReply> {
  return await reply.code(410).send({ error: null })
}

interface SendOptions {
  readonly streams: Streams
  readonly of: { readonly host: string; readonly library: string; readonly name: string }
}

/** Answers with the bytes of a file as its agent brings them; a browser that was cut off asks for the rest. */
async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { streams, of }: SendOptions,
): Promise<void> {
  const left = new AbortController()
  reply.raw.once('close', () =>
    left.abort(new DiskError('canceled', { file: of.name, what: 'the download' })),
  )
  const download = await streams.download(of, left.signal)
  const { file, stream } = download
  const wanted = wantedOf(request, file)
  if (wanted === 'unsatisfiable') {
    stream.close()
    await reply
      .code(416)
      .headers({ 'accept-ranges': 'bytes', 'content-range': `bytes */${file.size}` })
      .send()
    return
  }
  const range: Wanted = wanted ?? { start: 0, end: file.size }
  const { start, end } = range
  const ofRange = wanted === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${file.size}` }
  reply.hijack()
  reply.raw.writeHead(wanted === null ? 200 : 206, {
    ...headersOf(of.name, file),
    ...ofRange,
    'content-length': end - start,
  })
  if (request.method !== 'HEAD' && end > start) return await pour(download, range, reply.raw)
  stream.close()
  reply.raw.end()
}

/** A range of another state of the file would be put to bytes that it does not belong to. */
function wantedOf(
  { headers }: Pick<FastifyRequest, 'headers'>,
  { size, tag }: SentFile,
): ReturnType<typeof wantedRange> {
  const { range, 'if-range': ifRange } = headers
  return ifRange === undefined || ifRange === `"${tag}"` ? wantedRange(range, size) : null
}

function headersOf(name: string, { tag, modifiedAt }: SentFile): Readonly<Record<string, string>> {
  return {
    'accept-ranges': 'bytes',
    etag: `"${tag}"`,
    'last-modified': new Date(modifiedAt).toUTCString(),
    'cache-control': 'private, no-store',
    'content-disposition': attachment(name),
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
  }
}

async function pour({ stream, done }: Download, range: Wanted, raw: ServerResponse): Promise<void> {
  const sink = sinkInto(raw)
  let missing = range.end - range.start
  stream.want(range, async (bytes) => {
    missing -= bytes.length
    return missing >= 0 && (await sink(bytes))
  })
  // What is cut off in the middle must not look whole.
  await done.then(
    () => (missing === 0 ? raw.end() : raw.destroy()),
    () => raw.destroy(),
  )
}

function sinkInto(raw: ServerResponse): Sink {
  return async (bytes) => {
    if (raw.destroyed) return false
    if (raw.write(bytes)) return true
    await new Promise<void>((resolve) => {
      const settle = () => {
        raw.off('drain', settle)
        raw.off('close', settle)
        resolve()
      }
      raw.on('drain', settle)
      raw.on('close', settle)
    })
    return !raw.destroyed
  }
}

/** RFC 6266: a name for old readers, and the name itself. */
function attachment(path: string): string {
  const name = path.split('/').at(-1) ?? path
  const plain = name.replaceAll(/[^\w .()+-]/gu, '_')
  const exact = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`
}

const statuses: Readonly<Record<string, number>> = {
  'not-in-fleet': 404,
  'not-found': 404,
  'agent-gone': 503,
  'no-progress': 504,
  'no-space': 507,
  'invalid-request': 400,
  internal: 500,
}

function fail(reply: FastifyReply, error: unknown, url: string): FastifyReply {
  if (error instanceof z.ZodError)
    return fail(
      reply,
      new DiskError('invalid-request', { file: url, reason: error.issues[0]?.message ?? '' }),
      url,
    )
  const own = statusOf(error)
  const record = toErrorRecord(error, url)
  return reply.code(own ?? statuses[record.code] ?? 409).send({ error: record })
}

/** What the server itself says, such as 413 for a body that is too large. */
function statusOf(error: unknown): number | null {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : null
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null
}
