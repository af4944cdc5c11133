import { setTimeout as sleep } from 'node:timers/promises'
import { getEnvironmentData, setEnvironmentData, type Worker } from 'node:worker_threads'

const key = 'varve-untouched'
const free = 0
const untouchable = 1
const ending = 2

const states = new WeakMap<Worker, Int32Array>()

/** Starts a thread that can say when it must not be ended. */
export function withUntouched(start: () => Worker): Worker {
  const state = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  setEnvironmentData(key, state)
  try {
    const worker = start()
    states.set(worker, state)
    return worker
  } finally {
    setEnvironmentData(key, undefined)
  }
}

/** Does what a thread must not be ended in: native code that does not expect it aborts the process. */
export function untouched<Result>(work: () => Result): Result {
  const state = getEnvironmentData(key)
  if (!(state instanceof Int32Array) || isUntouchable(state)) return work()
  // Who is being ended waits here for it.
  while (Atomics.compareExchange(state, 0, free, untouchable) !== free) Atomics.wait(state, 0, ending)
  try {
    return work()
  } finally {
    Atomics.and(state, 0, ~untouchable)
  }
}

/** Ends a thread whatever it does, but for what it does `untouched`: that is waited for. */
export async function endThread(worker: Worker): Promise<void> {
  const state = states.get(worker)
  if (state) {
    Atomics.or(state, 0, ending)
    while (isRunning(worker) && isUntouchable(state)) await sleep(1)
  }
  await worker.terminate()
}

function isRunning(worker: Worker): boolean {
  return worker.threadId !== -1
}

function isUntouchable(state: Int32Array): boolean {
  return (Atomics.load(state, 0) & untouchable) !== 0
}
