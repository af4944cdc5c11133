import type { httpBatchLink } from '@trpc/client'

type FetchEsque = NonNullable<Parameters<typeof httpBatchLink>[0]['fetch']>

/** When a call has waited so long, the controller is asked whether it is there at all; then again and again. */
const askAfterMs = 2000
/** How long it may take to say so. */
const patienceMs = 3500

/** Where `controllerGone` finds why. */
class Silent extends Error {
  readonly code = 'ETIMEDOUT'
}

/**
 * A fetch that ends when the controller has stopped answering, however long its calls may take otherwise: while a call
 * waits, the controller's health is asked for beside it.
 */
export function watchedFetch(controller: URL, fetch: typeof globalThis.fetch = globalThis.fetch): FetchEsque {
  const health = new URL('/api/health', controller)
  return async (input, init) => {
    const silent = new AbortController()
    let isOver = false
    const ask = async () => {
      try {
        await fetch(health, { signal: AbortSignal.timeout(patienceMs) })
        if (!isOver) timer = setTimeout(() => void ask(), askAfterMs)
      } catch {
        silent.abort(new Silent('the controller does not answer'))
      }
    }
    let timer = setTimeout(() => void ask(), askAfterMs)
    try {
      const signals = [silent.signal, ...(init?.signal ? [init.signal] : [])]
      return await fetch(input, { ...(init as RequestInit), signal: AbortSignal.any(signals) })
    } finally {
      isOver = true
      clearTimeout(timer)
    }
  }
}
