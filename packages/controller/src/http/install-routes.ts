import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { installSystems } from '@varve/protocol/install-systems'
import { scriptFiles } from '../install/install-script.ts'
import type { Releases } from '../install/releases.ts'
import { wantedRange } from './byte-range.ts'

/** Files on their way at the same time, each of which holds one open. */
const mostAtOnce = 64
/** One that takes nothing for so long is given up. */
const stalledMs = 60_000

const types: readonly (readonly [ending: string, type: string])[] = [
  ['.tar.gz', 'application/gzip'],
  ['.deb', 'application/vnd.debian.binary-package'],
  ['.rpm', 'application/x-rpm'],
  ['.json', 'application/json'],
  ['.sig', 'application/octet-stream'],
]

/** What a host installs from: for everybody, since it holds nothing of the fleet but its id. */
export function installRoutes(releases: Releases) {
  let sending = 0

  return async function routes(app: FastifyInstance): Promise<void> {
    for (const system of installSystems) {
      const { name, type } = scriptFiles[system]
      app.get(`/install/${name}`, async (_request, reply) => {
        const state = await releases.state()
        const { script, reason } = state.release?.scripts[system] ?? { script: null, reason: state.reason }
        if (!script) return await refuse(reply, 404, `This controller serves no release: ${reason}.`)
        return await reply
          .header('etag', `"${script.sum}"`)
          .header('cache-control', 'no-cache')
          .type(type)
          .send(script.text)
      })
    }

    app.route<{ Params: { name: string } }>({
      method: ['GET', 'HEAD'],
      url: '/install/files/:name',
      async handler(request, reply) {
        if (sending >= mostAtOnce)
          return await refuse(
            reply.header('retry-after', '10'),
            503,
            'Too many hosts install at the same time.',
          )
        sending += 1
        reply.raw.setTimeout(stalledMs, () => reply.raw.destroy())
        reply.raw.once('close', () => {
          sending -= 1
        })
        return await sendFile(releases, request, reply)
      },
    })
  }
}

async function sendFile(
  releases: Releases,
  request: FastifyRequest<{ Params: { name: string } }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const opened = await releases.open(request.params.name)
  if (!opened) return await refuse(reply, 404, 'There is no such file in the release that is served.')
  const { file, handle } = opened
  const { range, 'if-range': ifRange, 'if-none-match': known } = request.headers
  const etag = `"${file.sum}"`
  reply.headers({ etag, 'accept-ranges': 'bytes', 'cache-control': 'no-cache' })
  const wanted = ifRange === undefined || ifRange === etag ? wantedRange(range, file.size) : null
  const { start, end } = wanted === null || wanted === 'unsatisfiable' ? { start: 0, end: file.size } : wanted
  if (known === etag || wanted === 'unsatisfiable' || request.method === 'HEAD' || start === end) {
    await handle.close()
    if (known === etag) return await reply.code(304).send()
    if (wanted === 'unsatisfiable')
      return await reply.code(416).header('content-range', `bytes */${file.size}`).send()
    return await reply
      .type(typeOf(file.name))
      .header('content-length', end - start)
      .send()
  }
  if (wanted !== null) reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${file.size}`)
  return await reply
    .type(typeOf(file.name))
    .header('content-length', end - start)
    .send(handle.createReadStream({ start, end: end - 1 }))
}

function typeOf(name: string): string {
  return types.find(([ending]) => name.endsWith(ending))?.[1] ?? 'text/plain'
}

async function refuse(reply: FastifyReply, status: 404 | 503, reason: string): Promise<FastifyReply> {
  return await reply.code(status).type('text/plain').send(reason)
}
