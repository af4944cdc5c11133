import { DiskError } from '@varve/core/problems/disk-error'
import type { JobHandler } from './job-context.ts'
import { noRate } from './send.ts'

/** Replaces the agent's own program, step by step; after `switch` and `revert` the agent ends, to be started as the other build. */
export const updateJob: JobHandler<'update'> = async (request, { ports, signal, onProgress }) => {
  const { update } = ports
  const { build, step, archive, reason = 'it was asked for' } = request
  if (!update)
    throw new DiskError('refused', {
      file: ports.here.name,
      reason: 'the agent was not installed so that the fleet can update it',
      remedy: 'Update it as it was installed, or install it by the line of varve agents token.',
    })
  switch (step) {
    case 'stage':
      if (!archive)
        throw new DiskError('refused', {
          file: build,
          reason: 'no archive is named',
          remedy: 'Begin the update anew.',
        })
      await update.program.stage(
        { build, archive },
        { signal, onBytes: (done) => onProgress({ ...noRate, done, total: archive.size }) },
      )
      break
    case 'switch':
      if (!update.leaving.leave())
        throw new DiskError('in-use', { file: ports.here.name, by: 'work of the fleet' })
      await update.program.switchTo(build).catch((error: unknown) => {
        update.leaving.stay()
        throw error
      })
      break
    case 'keep':
      await update.program.keep(build)
      break
    case 'revert':
      await update.program.revert(build, reason)
      update.leaving.leave('whatever runs')
      break
  }
  return { kind: 'update', build }
}
