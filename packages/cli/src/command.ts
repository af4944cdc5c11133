import type { Logger } from '@varve/agent/platform/logger'
import type { WorkerPool } from '@varve/engine/run/worker-pool'
import type { CliConfig } from './config.ts'
import type { ExitCode } from './exit-codes.ts'

/** What every command gets beside its arguments. */
export interface CommandContext {
  readonly config: CliConfig
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** One JSON document on standard output instead of text. */
  readonly json: boolean
  /** What happens, for whoever looks for a fault; silent unless it is asked for. */
  readonly log: Logger
  print(text: string): void
  /** Progress and remarks: standard error. */
  remark(text: string): void
}

/** Of commands that go through all bytes of a disk. */
export interface RunContext extends CommandContext {
  readonly pool: WorkerPool
}

/** What somebody consents to: ids of findings, comma-separated. */
export interface AcceptOptions {
  readonly accept?: string | undefined
}

export type Outcome = Promise<ExitCode>

/** A wrong use of the command: said in one sentence, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
