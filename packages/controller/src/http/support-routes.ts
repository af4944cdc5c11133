import type { FastifyInstance } from 'fastify'
import { done } from '../audit/result-of.ts'
import { bundleInThread, type RunningSource } from '../support/bundle-in-thread.ts'
import type { RecordRequest } from './record-request.ts'

export interface SupportRouteOptions extends RunningSource {
  readonly record: RecordRequest
}

/** What helps to find a fault, for admins. */
export function supportRoutes({ record, ...source }: SupportRouteOptions) {
  let making: Promise<Buffer> | null = null

  return async function routes(app: FastifyInstance): Promise<void> {
    app.get('/api/support', async (request, reply) => {
      record(request, { what: 'files.support', input: null, result: done })
      // Who asks meanwhile gets the same.
      making ??= bundleInThread(source).finally(() => (making = null))
      const day = new Date().toISOString().slice(0, 10)
      return await reply
        .header('content-disposition', `attachment; filename="varve-support-${day}.tar.gz"`)
        .header('cache-control', 'no-store')
        .type('application/gzip')
        .send(await making)
    })
  }
}
