import { DiskError } from '@varve/core/problems/disk-error'
import { HostPage, HostQuery, HostView } from '@varve/protocol/hosts'
import { Overview, ServerInfo } from '@varve/protocol/overview'
import { HostName } from '@varve/protocol/primitives'
import { z } from 'zod'
import { procedure, router } from './trpc.ts'

export const fleetRouter = router({
  info: procedure.output(ServerInfo).query(({ ctx }) => ctx.services.fleet.info()),
  overview: procedure.output(Overview).query(({ ctx }) => ctx.services.fleet.overview()),
  hosts: procedure
    .input(HostQuery)
    .output(HostPage)
    .query(({ ctx, input }) => ctx.services.fleet.hosts(input)),
  host: procedure
    .input(z.object({ name: HostName }))
    .output(HostView)
    .query(({ ctx, input }) => {
      const host = ctx.services.fleet.host(input.name)
      if (!host) throw new DiskError('not-in-fleet', { file: input.name, kind: 'host' })
      return host
    }),
  forget: procedure
    .input(z.object({ name: HostName }))
    .mutation(({ ctx, input }) => ctx.services.fleet.forget(input.name)),
  rescan: procedure
    .input(z.object({ name: HostName }))
    .mutation(({ ctx, input }) => ctx.services.fleet.rescan(input.name)),
})
