import { isOver } from '@varve/operations/runs/run-state'
import type { StagingRun, StagingRuns } from '@varve/engine/doctor/find-leftovers'
import { listRuns } from './known-runs.ts'

/** Which runs of this host staged what, as their journals say. */
export async function stagingRuns(folder: string): Promise<StagingRuns> {
  const byStaging = new Map<string, StagingRun>()
  for (const { state } of await listRuns(folder)) {
    const run = { id: state.id, isOver: isOver(state), of: 'host' } as const
    for (const step of state.steps)
      for (const { call } of step.attempts)
        for (const staging of stagingsIn(call.input)) byStaging.set(staging, run)
  }
  return (staging) => byStaging.get(staging) ?? null
}

/** The values of all members `staging` of an input. */
function stagingsIn(input: unknown): readonly string[] {
  if (typeof input !== 'object' || input === null) return []
  return Object.entries(input).flatMap(([key, value]: [string, unknown]) =>
    key === 'staging' && typeof value === 'string' ? [value] : stagingsIn(value),
  )
}
