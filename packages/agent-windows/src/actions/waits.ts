import { setTimeout as sleep } from 'node:timers/promises'

/** How long is waited for what Windows does by itself after a cmdlet has ended. */
export interface Waits {
  /** Seconds for a disk to come or go. */
  readonly diskSeconds: number
  /** Milliseconds for what was begun to come all the same, after it was given up. */
  readonly lateMs: number
  /** Milliseconds for a checkpoint that was removed to begin to go. */
  readonly standstillMs: number
  /** Milliseconds for WSL to let go of a disk: its machine stays for a minute after the last distribution has ended. */
  readonly releaseMs: number
  /** Milliseconds between two looks. */
  readonly everyMs: number
  /** Milliseconds between two scripts of diskpart; left out: what Microsoft says. */
  readonly diskpartMs?: number
}

export const usualWaits: Waits = {
  diskSeconds: 20,
  lateMs: 15_000,
  standstillMs: 60_000,
  releaseMs: 90_000,
  everyMs: 1000,
}

/** What a look finds, once it is something; null: nothing in that time. */
export async function waitFor<T>(
  look: () => Promise<T | null>,
  {
    seconds,
    everyMs,
    signal,
  }: { readonly seconds: number; readonly everyMs: number; readonly signal: AbortSignal },
): Promise<T | null> {
  const until = performance.now() + seconds * 1000
  for (;;) {
    const found = await look()
    if (found !== null || performance.now() >= until) return found
    await sleep(everyMs, undefined, { signal })
  }
}
