import type { JobHandler } from './job-context.ts'
import { stagingOf, withStaging } from './pull-target.ts'

/** Removes what an abandoned pull left; stops the pull first when it still runs. */
export const discardJob: JobHandler<'discard'> = async (request, { ports }) => {
  const { staging } = stagingOf(ports, request)
  await ports.pulls.stop(staging.hidden)
  await withStaging(ports, request, async (held) => held.staging.discard())
  return { kind: 'discard' }
}
