import { setTimeout as sleep } from 'node:timers/promises'

/** The end of this process, so that another build is started in its place. */
export interface Leaving {
  /** From now on no job is taken, and the process ends once its words are delivered; false: something runs, and it stays. */
  leave(how?: 'if-idle' | 'whatever runs'): boolean
  /** It does not end after all. */
  stay(): void
  readonly isLeaving: boolean
  /** Settles when the process is to end. */
  readonly due: Promise<void>
}

export interface LeavingOptions {
  /** Whether nothing runs but the job that asks. */
  readonly isIdle: () => boolean
  /** Whether the controller has not heard of all ends of jobs. */
  readonly hasWords: () => boolean
  /** The last words get so long. */
  readonly lastWordsMs?: number
}

const lookMs = 50

export function createLeaving({ isIdle, hasWords, lastWordsMs = 5000 }: LeavingOptions): Leaving {
  const { promise: due, resolve } = Promise.withResolvers<void>()
  let isLeaving = false

  async function end(): Promise<void> {
    const until = performance.now() + lastWordsMs
    // The job that asks has to end first.
    do await sleep(lookMs)
    while (isLeaving && performance.now() < until && hasWords())
    if (isLeaving) resolve()
  }

  return {
    leave(how = 'if-idle') {
      if (how === 'if-idle' && !isIdle()) return false
      if (!isLeaving) {
        isLeaving = true
        void end()
      }
      return true
    },
    stay() {
      isLeaving = false
    },
    get isLeaving() {
      return isLeaving
    },
    due,
  }
}
