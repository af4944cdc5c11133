import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../platform/logger.ts'
import type { Leaving } from './leaving.ts'
import type { SelfUpdate } from './self-update.ts'

export interface WatchTrialOptions {
  readonly update: SelfUpdate
  readonly leaving: Leaving
  readonly log: Logger
  readonly signal: AbortSignal
  /** A build on trial is confirmed within this time, or the one before runs again. `start.sh` ends after 90 s one that hangs. */
  readonly trialMs?: number
}

/** Takes this build back when the controller has not confirmed it in time. Never rejects. */
export async function watchTrial(options: WatchTrialOptions): Promise<void> {
  const { update, leaving, log, signal, trialMs = 75_000 } = options
  try {
    if (!(await update.program()).isTried) return
    await sleep(trialMs, undefined, { signal })
    const { build, isTried } = await update.program()
    if (!isTried) return
    await update.revert(build, `its controller has not confirmed it within ${trialMs / 1000} seconds`)
    leaving.leave('whatever runs')
  } catch (error) {
    if (!signal.aborted) log.error({ err: error }, 'the trial of this build could not be ended')
  }
}
