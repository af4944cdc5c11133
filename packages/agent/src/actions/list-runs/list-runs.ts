import { listRuns as readRuns } from '../../runs/known-runs.ts'
import { nativeAdapter } from '../native.ts'

/** The runs of this host itself: those of the fleet are the controller's. */
export const listRuns = nativeAdapter('list-runs', {
  calls: 'readdir(3) of the folder of runs, open(2) and read(2) of their journals',

  async run(_input, { ports: { runsFolder } }) {
    const known = runsFolder === undefined ? [] : await readRuns(runsFolder)
    return {
      runs: known.map(({ pid, state: { id, created, phase, endedAt } }) => ({
        run: id,
        operation: created.plan.operation,
        summary: created.plan.summary,
        state: phase,
        startedAt: created.at,
        endedAt,
        pid,
      })),
    }
  },
})
