import { TRPCError } from '@trpc/server'
import { DiskError } from '@varve/core/problems/disk-error'
import type { AuditResult } from '@varve/protocol/audit'
import { ZodError } from 'zod'

const mostReason = 500

export const done: AuditResult = { state: 'ok', code: null, reason: null }

/** What went wrong on the way, rather than being refused before. */
const failures = new Set([
  'internal',
  'agent-gone',
  'no-progress',
  'canceled',
  'tool-failed',
  'input-output',
  'no-space',
  'nbd-failed',
])

/** What an error is for the log. */
export function resultOf(error: unknown): AuditResult {
  if (error instanceof DiskError)
    return toResult(failures.has(error.code) ? 'failed' : 'refused', error.code, error.message)
  if (error instanceof ZodError)
    return toResult('refused', 'invalid-request', error.issues[0]?.message ?? 'it is not a request')
  if (error instanceof TRPCError) {
    if (error.cause instanceof DiskError || error.cause instanceof ZodError) return resultOf(error.cause)
    return toResult(error.code === 'INTERNAL_SERVER_ERROR' ? 'failed' : 'refused', error.code, error.message)
  }
  return toResult('failed', 'internal', error instanceof Error ? error.message : String(error))
}

function toResult(state: AuditResult['state'], code: string, reason: string): AuditResult {
  return { state, code, reason: reason.slice(0, mostReason) }
}
