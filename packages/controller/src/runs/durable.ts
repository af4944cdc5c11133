import { BackendSqlite } from 'openworkflow/sqlite'
import { OpenWorkflow } from 'openworkflow'
import { openLeases } from './leases.ts'

/** OpenWorkflow on a file of its own, with one worker for all workflows. */
export interface Durable {
  readonly workflows: OpenWorkflow
  /** Takes over the runs of the predecessor and starts working; everything is defined before. */
  start(): Promise<void>
  /** The id of a workflow's run that is not finished: the known one, or the one that `begin` makes. */
  ensure(
    known: string | null,
    begin: () => Promise<{ readonly workflowRun: { readonly id: string } }>,
  ): Promise<string>
  /** Ends the wait between two attempts. */
  wake(workflowId: string): void
  stop(): Promise<void>
}

export interface DurableOptions {
  readonly path: string
  readonly concurrency: number
}

export function openDurable({ path, concurrency }: DurableOptions): Durable {
  const backend = BackendSqlite.connect(path)
  const leases = openLeases(path)
  const workflows = new OpenWorkflow({ backend })
  let worker: ReturnType<OpenWorkflow['newWorker']> | null = null
  return {
    workflows,
    async start() {
      leases.takeOver()
      worker = workflows.newWorker({ concurrency })
      await worker.start()
    },
    async ensure(known, begin) {
      const run = known === null ? null : await backend.getWorkflowRun({ workflowRunId: known })
      if (run && (run.status === 'pending' || run.status === 'running')) return run.id
      const handle = await begin()
      await worker?.tick()
      return handle.workflowRun.id
    },
    wake(workflowId) {
      leases.wake(workflowId)
      worker?.tick().catch(() => undefined)
    },
    async stop() {
      await worker?.stop()
      leases.close()
      await backend.stop()
    },
  }
}

/** How often a step of a workflow is tried is its own affair: here it is tried until it ends. */
export function untilItEnds(firstMs: number) {
  return {
    initialInterval: `${firstMs}ms`,
    backoffCoefficient: 2,
    maximumInterval: '10s',
    maximumAttempts: 0,
  } as const
}
