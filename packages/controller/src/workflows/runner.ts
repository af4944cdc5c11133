import { z } from 'zod'
import { untilItEnds, type Durable } from '../runs/durable.ts'
import type { CarryOut } from './carry-out.ts'
import { StepEnd, type WorkflowStep } from './step.ts'

export interface RunnerOptions {
  readonly durable: Durable
  readonly carryOut: CarryOut
  readonly steps: readonly WorkflowStep[]
  /** Wait before the second attempt of a step. */
  readonly retryMs: number
}

/** Migrations as durable runs of OpenWorkflow. */
export interface Runner {
  /** Creates the run of a migration, or finds the one that is not finished; gives its id. */
  ensureRun(migrationId: string, runId: string | null): Promise<string>
  /** Ends the wait between two attempts. */
  wake(runId: string): void
}

const Input = z.object({ migrationId: z.string() })

export function createRunner({ durable, carryOut, steps, retryMs }: RunnerOptions): Runner {
  // How many attempts there are is the step's own limit, kept in the store.
  const retryPolicy = untilItEnds(retryMs)
  const migrate = durable.workflows.defineWorkflow(
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
  return {
    ensureRun: (migrationId, runId) => durable.ensure(runId, () => migrate.run({ migrationId })),
    wake: (runId) => durable.wake(runId),
  }
}
