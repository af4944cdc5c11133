import { initTRPC, TRPCError } from '@trpc/server'
import { DiskError, toErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import { ZodError } from 'zod'
import type { Context } from './context.ts'

/** Characters of an error's message: what is wrong with an input can be a long list. */
const mostMessage = 4000

const t = initTRPC.context<Context>().create({
  errorFormatter({ shape, error }) {
    const cause = error.cause instanceof ZodError ? invalidRequest(error.cause) : error.cause
    const problem: ErrorRecord | null = cause instanceof DiskError ? toErrorRecord(cause, cause.file) : null
    const message = shape.message.slice(0, mostMessage)
    return { ...shape, message, data: { ...shape.data, stack: undefined, problem } }
  },
})

const missing = new Set(['not-found', 'not-in-fleet'])

/** What is wrong with a request, by its first fault: the field, and why it is not taken. */
function invalidRequest({ issues }: ZodError): DiskError {
  const [issue] = issues
  const field = issue?.path.map(String).join('.') ?? ''
  const reason = issue?.message ?? 'it is not a request'
  return new DiskError('invalid-request', { file: field === '' ? 'the request' : field, reason })
}

export const router = t.router

/** The one place where a coded error becomes an answer of the API. */
const explainErrors = t.middleware(async ({ next }) => {
  const result = await next()
  if (!result.ok && result.error.cause instanceof DiskError) {
    const { cause } = result.error
    throw new TRPCError({
      code: missing.has(cause.code) ? 'NOT_FOUND' : 'PRECONDITION_FAILED',
      message: cause.message,
      cause,
    })
  }
  return result
})

/** Each call has its turn, and a caller has only so many going. */
const inTurn = t.middleware(({ ctx, next }) => ctx.caller.call(() => next()))

export const procedure = t.procedure.use(inTurn).use(explainErrors)
