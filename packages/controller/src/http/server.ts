import { existsSync } from 'node:fs'
import { createReadStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import fastifyStatic from '@fastify/static'
import { fastifyTRPCPlugin, type FastifyTRPCPluginOptions } from '@trpc/server/adapters/fastify'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { WebSocketServer } from 'ws'
import type { Manifests } from '../agents/manifests.ts'
import type { Config } from '../config.ts'
import type { Services } from '../router/context.ts'
import { appRouter, type AppRouter } from '../router/root.ts'
import { controllerVersion } from '../package.ts'
import { isLoopbackName, refuseRequest } from './guard.ts'
import { notBuiltPage } from './not-built-page.ts'

const MiB = 1024 ** 2
const mostHttpBytes = 4 * MiB
/** A whole list of a library's names is the largest message. */
const mostSocketBytes = 32 * MiB

export interface HttpServer {
  /** Listens; gives the address. */
  listen(): Promise<string>
  close(): Promise<void>
}

export interface HttpOptions {
  readonly config: Config
  readonly services: Services
  readonly manifests: Manifests
  readonly logger: Logger
}

/** tRPC over HTTP and WebSocket on `/trpc`, the dashboard, manifests and a health check. */
export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { config, services, manifests, logger } = options
  const isLoopback = isLoopbackName(config.host)
  const app = Fastify({
    bodyLimit: mostHttpBytes,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 5000 },
  })
  app.addHook('onRequest', async (request, reply) => {
    const reason = refuseRequest(request.raw, { isLoopback })
    if (reason !== null) await reply.code(403).type('text/plain').send(reason)
  })
  const createContext = () => ({ services })
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
  await serveDashboard(app, config.dashboard)

  const sockets = new WebSocketServer({ noServer: true, maxPayload: mostSocketBytes })
  applyWSSHandler({
    wss: sockets,
    router: appRouter,
    createContext,
    onError,
    keepAlive: { enabled: true, pingMs: config.ping.everyMs, pongWaitMs: config.ping.waitMs },
  })
  sockets.on('connection', (socket) => {
    // Too large or not a WebSocket frame: `ws` closes the connection, the reason is logged by tRPC's own handler.
    socket.on('error', (error) => logger.debug({ reason: error.message }, 'a connection broke'))
  })
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A peer that breaks off here must not end the process.
    socket.on('error', (error) => logger.debug({ reason: error.message }, 'a connection broke'))
    const reason = refuseRequest(request, { isLoopback }) ?? refusePath(request.url)
    if (reason !== null) {
      socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${reason}`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request))
  })

  return {
    listen: () => app.listen({ port: config.port, host: config.host }),
    async close() {
      for (const client of sockets.clients) client.terminate()
      sockets.close()
      await app.close()
    },
  }
}

function refusePath(url: string | undefined): string | null {
  return URL.parse(url ?? '', 'http://localhost')?.pathname === '/trpc'
    ? null
    : 'WebSockets are served at /trpc.'
}

/** The built dashboard, every unknown path being its start page; without a build, a page that says so. */
async function serveDashboard(app: FastifyInstance, folder: string): Promise<void> {
  const isBuilt = existsSync(join(folder, 'index.html'))
  if (isBuilt) {
    await app.register(fastifyStatic, {
      root: folder,
      wildcard: true,
      cacheControl: false,
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
    if (!isBuilt) return reply.code(503).type('text/html').send(notBuiltPage)
    return reply.header('cache-control', 'no-cache').sendFile('index.html')
  })
}
