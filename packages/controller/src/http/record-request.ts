import type { FastifyRequest } from 'fastify'
import type { AuditRecord } from '../audit/audit-log.ts'

/** Keeps a line of what a request that is no call of the API asked for. */
export type RecordRequest = (
  request: Pick<FastifyRequest, 'raw' | 'ip'>,
  line: Omit<AuditRecord, 'who' | 'peer'>,
) => void
