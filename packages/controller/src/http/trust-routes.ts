import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { JoinRequest } from '@varve/protocol/trust'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { done, resultOf } from '../audit/result-of.ts'
import type { Services } from '../router/context.ts'
import type { RecordRequest } from './record-request.ts'

export interface TrustRouteOptions {
  readonly trust: Services['trust']
  readonly isSecure: (request: FastifyRequest) => boolean
  readonly record: RecordRequest
}

/** Tries to join from one address in a minute: a fleet behind one address, and far too few to guess. */
const mostJoins = 120
const minuteMs = 60_000

/** What a host needs before it belongs to the fleet: by what the fleet is known, and a way in by token. */
export function trustRoutes({ trust, isSecure, record }: TrustRouteOptions) {
  const tried = new Map<string, number>()
  const forgetting = setInterval(() => tried.clear(), minuteMs).unref()

  return async function routes(app: FastifyInstance): Promise<void> {
    app.addHook('onClose', () => clearInterval(forgetting))
    app.get('/api/trust/roots', () => trust.roots())

    app.post('/api/trust/join', async (request, reply) => {
      const count = (tried.get(request.ip) ?? 0) + 1
      tried.set(request.ip, count)
      if (count > mostJoins)
        return await reply
          .code(429)
          .send({ error: refused('too many hosts try to join from there', 'Wait a minute.') })
      if (!isSecure(request))
        return await reply.code(403).send({
          error: refused('a host joins by TLS only', 'Join with the https address of the controller.'),
        })
      const parsed = JoinRequest.safeParse(request.body)
      if (!parsed.success)
        return await reply
          .code(400)
          .send({ error: refused('the request to join is none', 'Update the agent and the controller.') })
      const { name } = parsed.data
      const line = { what: 'trust.join', input: { name }, on: [`host:${name}`] }
      try {
        const joined = await trust.join(parsed.data)
        record(request, { ...line, result: done })
        return await reply.send(joined)
      } catch (error) {
        record(request, { ...line, result: resultOf(error) })
        if (!(error instanceof DiskError)) throw error
        return await reply.code(403).send({ error: toErrorRecord(error, parsed.data.name) })
      }
    })
  }
}

function refused(reason: string, remedy: string) {
  const file = 'the fleet'
  return toErrorRecord(new DiskError('refused', { file, reason, remedy }), file)
}
