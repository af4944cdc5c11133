/**
 * A stand-in for the controller with invented data, to develop and test pages against: `pnpm mock`, then `pnpm dev`.
 * The real router over invented services, so that its answers have the real shapes. Not part of what is shipped.
 */
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import type { Caller } from '@varve/controller/router/context'
import { answerKind, securityHeaders } from '@varve/controller/http/security-headers'
import { appRouter } from '@varve/controller/router/root'
import { WebSocketServer } from 'ws'
import { scenes, type Scene } from './invented-scenes.ts'
import { inventedServices } from './invented-services.ts'

export interface MockController {
  readonly url: string
  /** Stops accepting and drops all connections, as a killed controller does. */
  close(): Promise<void>
}

export interface MockOptions {
  readonly port?: number
  readonly scene?: Scene
  /** Folder with the built dashboard, served like the controller does. */
  readonly dashboard?: string
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

function serveFile(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const path = resolve(folder, `.${new URL(request.url ?? '/', 'http://x').pathname}`)
  const isInside = path.startsWith(resolve(folder) + sep)
  const file = isInside && existsSync(path) && statSync(path).isFile() ? path : join(folder, 'index.html')
  response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
  const takesBrotli = /\bbr\b/u.test(String(request.headers['accept-encoding'] ?? ''))
  const isPacked = takesBrotli && existsSync(`${file}.br`)
  if (isPacked) response.setHeader('content-encoding', 'br')
  createReadStream(isPacked ? `${file}.br` : file).pipe(response)
}

export async function startMockController(options: MockOptions = {}): Promise<MockController> {
  const services = inventedServices(options.scene ?? 'busy')
  const caller: Caller = {
    peer: '127.0.0.1',
    identity: { kind: 'local' },
    origin: 'http://localhost',
    isAlive: async () => true,
    end: () => undefined,
    call: (work) => work(),
    stream: () => ({ [Symbol.dispose]() {} }),
    drained: async () => {},
  }
  const createContext = () => ({ services, caller })
  const api = createHTTPHandler({ router: appRouter, createContext, basePath: '/trpc/' })
  const server = createServer((request, response) => {
    const kind = answerKind(request.url ?? '/')
    for (const [name, value] of Object.entries(securityHeaders(kind, { isEncrypted: false })))
      response.setHeader(name, value)
    if (request.url?.startsWith('/trpc/')) api(request, response)
    else if (request.url?.startsWith('/api/')) response.writeHead(404).end()
    else if (options.dashboard !== undefined) serveFile(options.dashboard, request, response)
    else response.writeHead(404).end()
  })
  const sockets = new WebSocketServer({ server, path: '/trpc' })
  const trpc = applyWSSHandler({
    wss: sockets,
    router: appRouter,
    createContext,
    keepAlive: { enabled: true },
  })
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the mock controller has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      trpc.broadcastReconnectNotification()
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise<void>((done) => server.close(() => done()))
      services.stop()
    },
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '7070' },
      scene: { type: 'string', default: 'busy' },
      dashboard: { type: 'string' },
    },
  })
  const scene = scenes.find((name) => name === values.scene) ?? 'busy'
  const { url } = await startMockController({
    port: Number(values.port),
    scene,
    ...(values.dashboard === undefined ? {} : { dashboard: values.dashboard }),
  })
  process.stdout.write(`mock controller, scene ${scene}: ${url}\n`)
}
