import type { Input } from './make-input.ts'
import type { Failure, RunResult } from './run-input.ts'
import type { Seed } from './seed.ts'

export interface WorkerSetup {
  readonly seeds: readonly Seed[]
  /** One 32-bit number: the index of the input that is running. */
  readonly progress: SharedArrayBuffer
}

export type ToWorker =
  | { readonly type: 'batch'; readonly run: number; readonly from: number; readonly count: number }
  | { readonly type: 'input'; readonly input: Input }

/** Executions per group and outcome. */
export type Outcomes = Readonly<Record<string, Readonly<Record<string, number>>>>

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'failure'; readonly index: number; readonly failure: Failure }
  | { readonly type: 'batch-done'; readonly outcomes: Outcomes }
  | { readonly type: 'input-done'; readonly result: RunResult }
