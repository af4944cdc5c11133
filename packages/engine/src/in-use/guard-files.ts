import type { ImageFile } from '@varve/core/image/image-files'
import type { InUse } from '../run/run-options.ts'
import { assertNoUse } from './find-uses.ts'
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
  /** Throws `in-use` when somebody may write to one of the files now, or did when it was looked last. */
  assertNone(): Promise<void>
}

type Guarded = Pick<ImageFile, 'path'>

/** Throws `in-use` or `run-busy` unless nobody else may write to any of `files`; from then on looks again from time to time. */
export async function guardFiles(
  files: readonly Guarded[],
  options: GuardOptions = {},
): Promise<WriterGuard> {
  const { inUse = 'refuse', signal, lookAgainMs: pauseMs = lookAgainMs, find = null } = options
  if (inUse === 'accept' || files.length === 0)
    return { signal, async assertNone() {}, [Symbol.dispose]() {} }
  const look = async () => assertNoUse(files, { find, mayBeAccepted: inUse === 'ask' })
  await look()
  const came = new AbortController()
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look()
      .catch((error: unknown) => came.abort(error))
      .finally(() => {
        looking = false
      })
  }, pauseMs)
  timer.unref()
  return {
    signal: signal ? AbortSignal.any([signal, came.signal]) : came.signal,
    async assertNone() {
      came.signal.throwIfAborted()
      await look()
    },
    [Symbol.dispose]() {
      clearInterval(timer)
    },
  }
}

/** The signal of a run that `guard` watches over, as an option. */
export function guarded({ signal }: WriterGuard): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {}
}
