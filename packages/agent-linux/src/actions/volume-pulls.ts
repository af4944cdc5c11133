import { RunningPulls } from '@varve/agent/jobs/running-pulls'

/** The pulls into new volumes that run in this process: a later attempt, and the removal of the volume, wait for the end of the earlier one. */
export const volumePulls = new RunningPulls()
