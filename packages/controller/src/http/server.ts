import { existsSync } from 'node:fs'
import { createReadStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import fastifyStatic from '@fastify/static'
import { fastifyTRPCPlugin, type FastifyTRPCPluginOptions } from '@trpc/server/adapters/fastify'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { WebSocketServer } from 'ws'
import type { Courtesy } from '../agents/courtesy.ts'
import type { Hearing } from '../agents/hearing.ts'
import type { Manifests } from '../agents/manifests.ts'
import type { Config } from '../config.ts'
import { compressAnswer } from './compress-answer.ts'
import type { Services } from '../router/context.ts'
import { appRouter, type AppRouter } from '../router/root.ts'
import { controllerVersion } from '../package.ts'
import { createCallers } from './callers.ts'
import { createFairQueue } from './fair-queue.ts'
import type { Streams } from '../streams/streams.ts'
import { fileRoutes } from './file-routes.ts'
import { limitConnections } from './connections.ts'
import { refuseRequest, type Refusal } from './guard.ts'
import { jsonLimits, refuseJson } from './json-limits.ts'
import { notBuiltPage } from './not-built-page.ts'
import { createOwnNames } from './own-names.ts'
import { notBuiltPolicy, protect, refuseUpgrade } from './protect.ts'
import { createSockets, mostMessageBytes } from './sockets.ts'

const KiB = 1024
/** Questions and the starts of migrations; agents speak by WebSocket. */
const mostHttpBytes = 256 * KiB
/** Calls of one HTTP batch, which are named in its path. */
const mostBatch = jsonLimits.batch
/** A request must have arrived after so long, its head after less. */
const requestMs = 20_000
const headMs = 10_000
/** Of a request's head with its path, in which the calls of a batch and their inputs are. */
const mostHeadBytes = 16 * KiB

export interface HttpServer {
  /** Listens; gives the address. */
  listen(): Promise<string>
  close(): Promise<void>
}

export interface HttpOptions {
  readonly config: Config
  readonly services: Services
  readonly manifests: Manifests
  readonly streams: Streams
  readonly hearing: Hearing
  readonly courtesy: Courtesy
  readonly logger: Logger
}

/** tRPC over HTTP and WebSocket on `/trpc`, the dashboard, manifests and a health check. */
export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { config, services, manifests, logger } = options
  const names = createOwnNames(config.names)
  const app = Fastify({
    bodyLimit: mostHttpBytes,
    forceCloseConnections: true,
    requestTimeout: requestMs,
    http: { headersTimeout: headMs, connectionsCheckingInterval: 1000, maxHeaderSize: mostHeadBytes },
    routerOptions: { maxParamLength: 5000 },
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.raw.once('close', options.courtesy.asked())
  })
  protect(app, names)
  const queue = createFairQueue((error) => logger.error({ err: error }, 'a call failed'))
  const callers = createCallers(queue)
  const createContext = ({ req }: { req: { ip: string } }) => ({
    services,
    caller: callers.open(req.ip, null),
  })
  const onError = ({ error, path }: { error: Error & { code: string }; path: string | undefined }) => {
    // Without a path it is the connection that broke, not a call.
    if (error.code === 'INTERNAL_SERVER_ERROR' && path !== undefined)
      logger.error({ err: error, path }, 'a call failed')
    else logger.debug({ path, reason: error.message }, 'a call was refused')
  }
  const trpcOptions = {
    prefix: '/trpc',
    trpcOptions: { router: appRouter, createContext, onError },
  } satisfies FastifyTRPCPluginOptions<AppRouter>
  app.addHook('preHandler', async (request, reply) => {
    const reason = refuseBatch(request.url) ?? refuseBody(request.body)
    if (reason !== null) await reply.code(413).type('text/plain').send(reason)
  })
  app.addHook('onSend', compressAnswer)
  await app.register(fastifyTRPCPlugin, trpcOptions)

  app.get('/api/health', () => ({ status: 'ok', version: controllerVersion }))
  app.get<{ Params: { digest: string } }>('/api/manifests/:digest', async (request, reply) => {
    const { digest } = request.params
    const path = /^[0-9a-f]{64}$/u.test(digest) ? manifests.path(digest) : null
    if (path === null) return reply.code(404).type('text/plain').send('There is no manifest of this digest.')
    return reply
      .header('content-disposition', `attachment; filename="${digest}.varve-manifest"`)
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type('application/octet-stream')
      .send(createReadStream(path))
  })
  await app.register(fileRoutes({ streams: options.streams, images: services.images }))
  await serveDashboard(app, config.dashboard)

  const server = new WebSocketServer({ noServer: true, maxPayload: mostMessageBytes })
  const sockets = createSockets({
    server,
    services,
    callers,
    queue,
    hearing: options.hearing,
    logger,
    ping: config.ping,
    onError,
  })
  server.on('connection', (socket, request) => {
    // Too large or not a WebSocket frame: `ws` closes the connection.
    socket.on('error', (error) => logger.debug({ reason: error.message }, 'a connection broke'))
    sockets.open(socket, request)
  })
  limitConnections(app.server)
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A peer that breaks off here must not end the process.
    socket.on('error', (error) => logger.debug({ reason: error.message }, 'a connection broke'))
    const refusal = refuseRequest(request, names) ?? refusePath(request.url)
    if (refusal !== null) return refuseUpgrade(socket, request, refusal)
    server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request))
  })

  return {
    listen: () => app.listen({ port: config.port, host: config.host }),
    async close() {
      sockets.stop()
      queue.stop()
      for (const client of server.clients) client.terminate()
      server.close()
      await app.close()
    },
  }
}

/** The calls of a batch and their inputs, which `?input=` holds as JSON. */
function refuseBatch(url: string): string | null {
  const parsed = URL.parse(url, 'http://localhost')
  if (!parsed) return 'The address of the request is none.'
  const { pathname, searchParams } = parsed
  if (pathname.split(',', mostBatch + 2).length > mostBatch) return `A batch has at most ${mostBatch} calls.`
  return refuseBody(searchParams.get('input'))
}

function refuseBody(body: unknown): string | null {
  return typeof body === 'string' ? refuseJson(body) : null
}

function refusePath(url: string | undefined): Refusal | null {
  return URL.parse(url ?? '', 'http://localhost')?.pathname === '/trpc'
    ? null
    : { status: 403, reason: 'WebSockets are served at /trpc.' }
}

/** The built dashboard, every unknown path being its start page; without a build, a page that says so. */
async function serveDashboard(app: FastifyInstance, folder: string): Promise<void> {
  const isBuilt = existsSync(join(folder, 'index.html'))
  if (isBuilt) {
    await app.register(fastifyStatic, {
      root: folder,
      wildcard: true,
      cacheControl: false,
      // The build puts a .br and a .gz beside what gains by it.
      preCompressed: true,
      setHeaders(reply, path) {
        // Vite names everything below `assets` by its content.
        const isNamedByContent = path.startsWith(join(folder, 'assets'))
        void reply.header(
          'cache-control',
          isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache',
        )
      },
    })
  }
  app.setNotFoundHandler((request, reply) => {
    const isPage = request.method === 'GET' && !/^\/(?:trpc|api|assets)(?:\/|$)/u.test(request.url)
    if (!isPage) return reply.code(404).type('text/plain').send('There is nothing here.')
    if (!isBuilt)
      return reply
        .code(503)
        .header('content-security-policy', notBuiltPolicy)
        .type('text/html')
        .send(notBuiltPage)
    return reply.header('cache-control', 'no-cache').sendFile('index.html')
  })
}
