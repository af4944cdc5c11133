import { rm } from 'node:fs/promises'
import { writeError } from '@varve/engine/files/system-error'
import type { JobHandler } from './job-context.ts'
import { partPathOf } from './pull-target.ts'

/** Removes what an abandoned pull left; stops the pull first when it still runs. */
export const discardJob: JobHandler<'discard'> = async (request, { ports }) => {
  const { partPath } = partPathOf(ports, request)
  await ports.pulls.stop(partPath)
  await rm(partPath, { force: true }).catch((error: unknown) => {
    throw writeError(error, partPath)
  })
  return { kind: 'discard' }
}
