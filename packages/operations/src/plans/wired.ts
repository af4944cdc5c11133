import { z } from 'zod'

/** A member of the outcome of an earlier step. */
export const FromStep = z.lazy(() => z.strictObject({ $from: z.string(), field: z.string() }))
export type FromStep = z.infer<typeof FromStep>

/** Made anew for each attempt: `id` is plain letters and digits, `token` cannot be guessed. */
export const Fresh = z.lazy(() => z.strictObject({ $fresh: z.enum(['id', 'token']) }))
export type Fresh = z.infer<typeof Fresh>

/** An input whose values may come from earlier steps. */
export type Wired<T> =
  T | FromStep | Fresh | (T extends object ? { readonly [K in keyof T]: Wired<T[K]> } : never)

/** The value `field` of the outcome of step `step`. */
export function from(step: string, field: string): FromStep {
  return { $from: step, field }
}

export const freshId: Fresh = { $fresh: 'id' }
export const freshToken: Fresh = { $fresh: 'token' }

interface Sources {
  /** A member of the outcome of an earlier step. */
  readonly memberOf: (step: string, field: string) => unknown
  readonly fresh: (kind: Fresh['$fresh']) => unknown
}

/** The input with every reference replaced by its value. */
export function resolveInput(input: unknown, sources: Sources): unknown {
  if (Array.isArray(input)) return input.map((item: unknown) => resolveInput(item, sources))
  if (typeof input !== 'object' || input === null) return input
  const reference = referenceOf(input)
  if (reference) return sources.memberOf(reference.$from, reference.field)
  const fresh = '$fresh' in input ? Fresh.safeParse(input).data : undefined
  if (fresh) return sources.fresh(fresh.$fresh)
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, resolveInput(value, sources)]))
}

/** `field`, such as `digest` or `endpoint.port`, of what step `step` gave; throws `RangeError` when it gave none. */
export function memberOf(outcome: unknown, step: string, field: string): unknown {
  let value = outcome
  for (const key of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key))
      throw new RangeError(`step ${step} gave no ${field}`)
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

/** The steps whose outcomes an input needs. */
export function stepsUsed(input: unknown): readonly string[] {
  if (Array.isArray(input)) return input.flatMap(stepsUsed)
  if (typeof input !== 'object' || input === null) return []
  const reference = referenceOf(input)
  return reference ? [reference.$from] : Object.values(input).flatMap(stepsUsed)
}

/** A schema that refuses costs more than all the rest of an input: it is asked where there may be one. */
function referenceOf(input: object): FromStep | undefined {
  return '$from' in input ? FromStep.safeParse(input).data : undefined
}
