import { existsSync } from 'node:fs'
import { createReadStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import fastifyStatic from '@fastify/static'
import { fastifyTRPCPlugin, type FastifyTRPCPluginOptions } from '@trpc/server/adapters/fastify'
import type { Identity } from '@varve/protocol/identity'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { WebSocketServer } from 'ws'
import type { Courtesy } from '../agents/courtesy.ts'
import type { Hearing } from '../agents/hearing.ts'
import type { Manifests } from '../agents/manifests.ts'
import { keepingEnvironment, type Config } from '../config.ts'
import type { Releases } from '../install/releases.ts'
import { compressAnswer } from './compress-answer.ts'
import type { Services } from '../router/context.ts'
import { appRouter, type AppRouter } from '../router/root.ts'
import { controllerVersion } from '../package.ts'
import { createCallers } from './callers.ts'
import { createFairQueue } from './fair-queue.ts'
import type { Streams } from '../streams/streams.ts'
import { fileRoutes } from './file-routes.ts'
import type { RecordRequest } from './record-request.ts'
import { whoOf } from '../audit/who-of.ts'
import { limitConnections } from './connections.ts'
import { isLoopbackName, refuseRequest, type Refusal } from './guard.ts'
import { supportRoutes } from './support-routes.ts'
import { installRoutes } from './install-routes.ts'
import { jsonLimits, refuseJson } from './json-limits.ts'
import { notBuiltPage } from './not-built-page.ts'
import { anyName, createOwnNames } from './own-names.ts'
import { notBuiltPolicy, protect, refuseUpgrade } from './protect.ts'
import { trustRoutes } from './trust-routes.ts'
import { createWire, type Wire, type WireOptions, type WireTrust } from './wire.ts'
import { createSockets, mostMessageBytes, type Sockets } from './sockets.ts'
import { authRoutes } from './auth-routes.ts'
import { assertGuarded, refuseByRoute, type MatchedRoute } from './route-guard.ts'
import { createIdentify, originOf } from '../people/identify.ts'
import { ownerOf } from '../people/owner-of.ts'
import type { People } from '../people/people.ts'

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
  /** What is shown and believed in handshakes from now on. */
  setTrust(trust: WireTrust): void
  /** Ends the connections of people that this is true for. */
  cut: Sockets['cut']
  close(): Promise<void>
}

export interface HttpOptions {
  readonly config: Config
  readonly wire: Pick<WireOptions, 'trust' | 'web'>
  readonly services: Services
  readonly people: Pick<People, 'signIn' | 'secret'>
  /** Lets in who can read it, on this machine. */
  readonly localKey: string
  readonly manifests: Manifests
  readonly streams: Streams
  readonly hearing: Hearing
  readonly courtesy: Courtesy
  readonly releases: Releases
  readonly logger: Logger
}

/** tRPC over HTTP and WebSocket on `/trpc`, the dashboard, manifests and a health check. */
export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { config, services, manifests, logger } = options
  const isLoopback = isLoopbackName(config.host)
  const names = createOwnNames(config.names)
  const limits = {
    requestTimeout: requestMs,
    headersTimeout: headMs,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: mostHeadBytes,
  }
  const wired = Promise.withResolvers<Wire>()
  const app = Fastify({
    bodyLimit: mostHttpBytes,
    routerOptions: { maxParamLength: 5000 },
    serverFactory(handler) {
      const made = createWire({ ...options.wire, isOpen: config.plainText, limits }, handler)
      wired.resolve(made)
      return made.server
    },
  })
  const wire = await wired.promise
  app.addHook('onRequest', async (_request, reply) => {
    reply.raw.once('close', options.courtesy.asked())
  })
  /** Agents are known by their certificates, whatever name leads them here. */
  function refuseFirst(request: IncomingMessage): Refusal | null {
    const isAgent = wire.identityOf(request).kind === 'agent'
    return wire.refusePlain(request) ?? refuseRequest(request, isAgent ? anyName : names)
  }
  const identities = new WeakMap<IncomingMessage, Identity>()
  const identify = createIdentify({
    ofConnection: (request) => wire.identityOf(request),
    signIn: options.people.signIn,
    localKey: options.localKey,
    isSignInOff: !config.signIn,
  })
  const identityOf = (request: IncomingMessage): Identity => identities.get(request) ?? nobodyYet
  async function refuse(request: IncomingMessage, matched: MatchedRoute): Promise<Refusal | null> {
    const refusal = refuseFirst(request)
    if (refusal !== null) return refusal
    const identity = await identify(request)
    identities.set(request, identity)
    return refuseByRoute(matched, identity, services.whereabouts)
  }
  app.addHook('onRoute', ({ url }) => assertGuarded(url))
  protect(app, refuse)
  const queue = createFairQueue((error) => logger.error({ err: error }, 'a call failed'))
  const callers = createCallers(queue)
  const createContext = ({ req }: { req: FastifyRequest }) => ({
    services,
    caller: callers.open({ peer: req.ip, identity: identityOf(req.raw), origin: originOf(req.raw) }),
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
  const record: RecordRequest = (request, line) =>
    services.audit.record({ ...line, who: whoOf(identityOf(request.raw)), peer: request.ip })
  await app.register(
    trustRoutes({
      trust: services.trust,
      isSecure: (request) => request.raw.socket instanceof TLSSocket,
      record,
    }),
  )
  await app.register(
    authRoutes({
      signIn: options.people.signIn,
      secret: options.people.secret,
      record,
      isSignInOff: !config.signIn,
    }),
  )
  await app.register(installRoutes(options.releases))
  await app.register(supportRoutes({ ...keepingEnvironment(), data: config.data, record }))
  await app.register(
    fileRoutes({
      streams: options.streams,
      images: services.images,
      record,
      ownerOf: (request) => ownerOf(identityOf(request.raw)),
    }),
  )
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
    sockets.open(socket, request, identityOf(request))
  })
  limitConnections(wire)
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A peer that breaks off here must not end the process.
    socket.on('error', (error) => logger.debug({ reason: error.message }, 'a connection broke'))
    refuse(request, { route: '/trpc/:path', params: null })
      .then((found) => found ?? refusePath(request.url))
      .then((refusal) => {
        if (refusal !== null) return refuseUpgrade(socket, request, refusal)
        server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request))
      })
      .catch((error: unknown) => {
        logger.error({ err: error }, 'a connection could not be taken')
        socket.destroy()
      })
  }
  for (const one of wire.servers) one.on('upgrade', upgrade)

  return {
    async listen() {
      const url = await app.listen({ port: config.port, host: config.host })
      return isLoopback || config.plainText ? url : url.replace(/^http:/u, 'https:')
    },
    setTrust: (trust) => wire.setTrust(trust),
    cut: (who, reason) => sockets.cut(who, reason),
    async close() {
      sockets.stop()
      queue.stop()
      for (const client of server.clients) client.terminate()
      server.close()
      const closed = app.close()
      wire.closeConnections()
      await closed
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

const nobodyYet: Identity = { kind: 'nobody', why: null }

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
    const isPage = request.method === 'GET' && !/^\/(?:trpc|api|assets|install)(?:\/|$)/u.test(request.url)
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
