import { initTRPC, TRPCError } from '@trpc/server'
import { DiskError, toErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import { ZodError } from 'zod'
import { done, resultOf } from '../audit/result-of.ts'
import { whoOf } from '../audit/who-of.ts'
import { denialOf, type Denial } from '../people/authorization.ts'
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

/** Of people, by the matrix; what it has no row for is refused to everybody. */
const ofPeople = t.middleware(async ({ ctx, path, getRawInput, next }) => {
  const input = await getRawInput().catch(() => null)
  const denial = denialOf({ identity: ctx.caller.identity, path, input }, ctx.services.whereabouts)
  if (denial !== null) throw deniedError(denial)
  return await next()
})

/** What a denial is for a call of the API. */
export function deniedError({ isSignedIn, reason }: NonNullable<Denial>): TRPCError {
  return new TRPCError({ code: isSignedIn ? 'FORBIDDEN' : 'UNAUTHORIZED', message: reason })
}

const ofAgents = t.middleware(({ ctx, next }) => {
  const { identity } = ctx.caller
  if (identity.kind === 'agent' || identity.kind === 'local') return next()
  if (identity.kind === 'person')
    throw new TRPCError({ code: 'FORBIDDEN', message: 'This is for agents, not for people.' })
  const why =
    identity.why === null ? 'no certificate was shown' : `the certificate is not believed: ${identity.why}`
  throw new TRPCError({
    code: 'UNAUTHORIZED',
    message: `Agents show a certificate of this fleet, and ${why}.`,
  })
})

/** Whatever people change, or try to, is a line of the audit log; by construction, as every procedure of theirs has it. */
const audited = t.middleware(async ({ ctx, type, path, getRawInput, next }) => {
  if (type !== 'mutation') return await next()
  const { caller, services } = ctx
  const call = {
    who: whoOf(caller.identity),
    peer: caller.peer,
    what: path,
    input: await getRawInput().catch(() => null),
  }
  return await services.audit.around(
    call,
    () => next(),
    (result) => (result.ok ? done : resultOf(result.error)),
  )
})

const limited = t.procedure.use(inTurn).use(explainErrors)
export const procedure = limited.use(audited).use(ofPeople)
export const agentProcedure = limited.use(ofAgents)
