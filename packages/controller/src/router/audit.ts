import {
  AuditCheck,
  AuditExportQuery,
  AuditKey,
  AuditPage,
  AuditQuery,
  Sha256Hex,
} from '@varve/protocol/audit'
import { z } from 'zod'
import { procedure, router } from './trpc.ts'

export const auditRouter = router({
  list: procedure
    .input(AuditQuery)
    .output(AuditPage)
    .query(({ ctx, input }) => ctx.services.audit.list(input)),
  lines: procedure
    .input(AuditExportQuery)
    .output(AuditPage)
    .query(({ ctx, input }) => ctx.services.audit.lines(input)),
  verify: procedure
    .input(z.object({ head: Sha256Hex.nullable().default(null) }))
    .output(AuditCheck)
    .query(({ ctx, input }) => ctx.services.audit.verify(input.head)),
  key: procedure.output(AuditKey).query(({ ctx }) => ctx.services.audit.key()),
})
