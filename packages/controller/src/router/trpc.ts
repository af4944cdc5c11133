import { initTRPC, TRPCError } from '@trpc/server'
import { DiskError, toErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import type { Context } from './context.ts'

const t = initTRPC.context<Context>().create({
  errorFormatter({ shape, error }) {
    const problem: ErrorRecord | null =
      error.cause instanceof DiskError ? toErrorRecord(error.cause, error.cause.file) : null
    return { ...shape, data: { ...shape.data, stack: undefined, problem } }
  },
})

export const router = t.router

/** The one place where a coded error becomes an answer of the API. */
const explainErrors = t.middleware(async ({ next }) => {
  const result = await next()
  if (!result.ok && result.error.cause instanceof DiskError) {
    const { cause } = result.error
    throw new TRPCError({
      code: cause.code === 'not-found' ? 'NOT_FOUND' : 'PRECONDITION_FAILED',
      message: cause.message,
      cause,
    })
  }
  return result
})

export const procedure = t.procedure.use(explainErrors)
