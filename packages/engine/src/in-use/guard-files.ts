import type { ImageFile } from '@varve/core/image/image-files'
import type { InUse } from '../run/run-options.ts'
import { assertNoUse } from './find-uses.ts'
import { findWriters } from './find-writers.ts'
import type { FindWriters } from './writers.ts'

/** A long run looks again so often: a writer that comes meanwhile is not read along with until the end. */
const lookAgainMs = 5000

export interface GuardOptions {
  readonly inUse?: InUse | undefined
  readonly signal?: AbortSignal | undefined
  readonly lookAgainMs?: number
  readonly find?: FindWriters | null
}

/** Watches over files while they are read as a whole. */
export interface WriterGuard extends Disposable {
  /** Aborts with the caller's signal, and with `in-use` when a writer comes. */
  readonly signal: AbortSignal | undefined
  /** Settled when it was looked for the first time; throws `in-use` or `run-busy` when somebody may write to one of the files then. */
  readonly looked: Promise<void>
  /** Throws the same when somebody may write to one of the files now, or did when it was looked before. */
  assertNone(): Promise<void>
}

type Guarded = Pick<ImageFile, 'path'>

/** Throws `in-use` or `run-busy` unless nobody else may write to any of `files`; from then on looks again from time to time. */
export async function guardFiles(
  files: readonly Guarded[],
  options: GuardOptions = {},
): Promise<WriterGuard> {
  const guard = beginGuard(files, options)
  try {
    await guard.looked
  } catch (error) {
    guard[Symbol.dispose]()
    throw error
  }
  return guard
}

/** As `guardFiles`, for who can begin to read meanwhile: the kernel takes ten milliseconds and more to tell who holds locks. */
export function beginGuard(files: readonly Guarded[], options: GuardOptions = {}): WriterGuard {
  const { inUse = 'refuse', signal, lookAgainMs: pauseMs = lookAgainMs, find = null } = options
  if (inUse === 'accept' || files.length === 0)
    return { signal, looked: Promise.resolve(), async assertNone() {}, [Symbol.dispose]() {} }
  let hasAsked = false
  const ask: FindWriters = async (asked) => {
    hasAsked = true
    return await (find ?? findWriters)(asked)
  }
  const look = async () => assertNoUse(files, { find: ask, mayBeAccepted: inUse === 'ask' })
  const came = new AbortController()
  let isLooking = false
  async function lookOn(): Promise<void> {
    isLooking = true
    try {
      await look()
    } catch (error) {
      came.abort(error)
      throw error
    } finally {
      isLooking = false
    }
  }
  const looked = lookOn()
  // Who does not wait for it is told by the signal.
  looked.catch(() => {})
  const timer = setInterval(() => {
    if (!isLooking) lookOn().catch(() => {})
  }, pauseMs)
  timer.unref()
  return {
    signal: signal ? AbortSignal.any([signal, came.signal]) : came.signal,
    looked,
    async assertNone() {
      // A short run is over before the first look: what that finds is as of now.
      const isStillToLook = !hasAsked
      await looked
      came.signal.throwIfAborted()
      if (!isStillToLook) await look()
    },
    [Symbol.dispose]() {
      clearInterval(timer)
    },
  }
}

/** Waits for `work`; where it failed and somebody was found to write meanwhile, that is what is thrown. */
export async function whileGuarded(guard: WriterGuard, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    await guard.looked
    throw error
  }
}

/** The signal of a run that `guard` watches over, as an option. */
export function guarded({ signal }: WriterGuard): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {}
}
