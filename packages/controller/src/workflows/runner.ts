import { BackendSqlite } from 'openworkflow/sqlite'
import { OpenWorkflow } from 'openworkflow'
import { z } from 'zod'
import type { CarryOut } from './carry-out.ts'
import { openLeases } from './leases.ts'
import { StepEnd, type WorkflowStep } from './step.ts'

export interface RunnerOptions {
  readonly path: string
  readonly carryOut: CarryOut
  readonly steps: readonly WorkflowStep[]
  readonly concurrency: number
  /** Wait before the second attempt of a step. */
  readonly retryMs: number
}

/** Migrations as durable runs of OpenWorkflow. */
export interface Runner {
  /** Takes over the runs of the predecessor and starts working. */
  start(): Promise<void>
  /** Creates the run of a migration, or finds the one that is not finished; gives its id. */
  ensureRun(migrationId: string, runId: string | null): Promise<string>
  /** Ends the wait between two attempts. */
  wake(runId: string): void
  stop(): Promise<void>
}

const Input = z.object({ migrationId: z.string() })

export function createRunner({ path, carryOut, steps, concurrency, retryMs }: RunnerOptions): Runner {
  // How many attempts there are is the step's own limit, kept in the store.
  const retryPolicy = {
    initialInterval: `${retryMs}ms`,
    backoffCoefficient: 2,
    maximumInterval: '10s',
    maximumAttempts: 0,
  } as const
  const backend = BackendSqlite.connect(path)
  const leases = openLeases(path)
  const workflows = new OpenWorkflow({ backend })
  const migrate = workflows.defineWorkflow(
    { name: 'migrate', version: '1', schema: Input },
    async ({ input: { migrationId }, step }) => {
      const run = async (name: string, work: () => Promise<StepEnd>): Promise<StepEnd> =>
        StepEnd.parse(await step.run({ name, retryPolicy }, work))
      let end: StepEnd = { kind: 'done' }
      for (const row of steps) {
        end = await run(row.id, () => carryOut.step(migrationId, row))
        if (end.kind !== 'done') break
      }
      if (end.kind !== 'done') {
        await run('undo', async () => {
          await carryOut.undo(migrationId)
          return { kind: 'done' }
        })
      }
      const final = end
      await run('finish', async () => {
        carryOut.finish(migrationId, final)
        return final
      })
    },
  )
  const worker = workflows.newWorker({ concurrency })

  return {
    async start() {
      leases.takeOver()
      await worker.start()
    },
    async ensureRun(migrationId, runId) {
      const known = runId === null ? null : await backend.getWorkflowRun({ workflowRunId: runId })
      if (known && (known.status === 'pending' || known.status === 'running')) return known.id
      const handle = await migrate.run({ migrationId })
      await worker.tick()
      return handle.workflowRun.id
    },
    wake(runId) {
      leases.wake(runId)
      worker.tick().catch(() => undefined)
    },
    async stop() {
      await worker.stop()
      leases.close()
      await backend.stop()
    },
  }
}
