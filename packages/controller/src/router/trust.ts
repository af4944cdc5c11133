import {
  JoinTokenView,
  MadeJoinToken,
  NewJoinToken,
  NewToolCertificate,
  ToolCertificate,
  TrustView,
} from '@varve/protocol/trust'
import { HostName } from '@varve/protocol/primitives'
import { z } from 'zod'
import { procedure, router } from './trpc.ts'

const Named = z.object({ name: HostName })

export const trustRouter = router({
  view: procedure.output(TrustView).query(({ ctx }) => ctx.services.trust.view()),
  makeToken: procedure
    .input(NewJoinToken)
    .output(MadeJoinToken)
    .mutation(({ ctx, input }) => ctx.services.trust.makeToken(input)),
  cancelToken: procedure
    .input(z.object({ id: JoinTokenView.unwrap().shape.id.max(64) }))
    .mutation(({ ctx, input }) => ctx.services.trust.cancelToken(input.id)),
  certify: procedure
    .input(NewToolCertificate)
    .output(ToolCertificate)
    .mutation(({ ctx, input }) => ctx.services.trust.certify(input)),
  revoke: procedure.input(Named).mutation(({ ctx, input }) => ctx.services.trust.revoke(input.name)),
  allow: procedure.input(Named).mutation(({ ctx, input }) => ctx.services.trust.allow(input.name)),
  rotate: procedure.output(TrustView).mutation(({ ctx }) => ctx.services.trust.rotate()),
})
