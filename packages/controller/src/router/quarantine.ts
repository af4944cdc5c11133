import { QuarantineQuery, QuarantineView } from '@varve/protocol/quarantine'
import { procedure, router } from './trpc.ts'

export const quarantineRouter = router({
  list: procedure
    .input(QuarantineQuery)
    .output(QuarantineView)
    .query(({ ctx, input, signal }) => ctx.services.quarantine.list(input.host, signal)),
})
