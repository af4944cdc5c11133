import { DiskError } from '@varve/core/problems/disk-error'
import type { Services } from '@varve/controller/router/context'

/** A fleet in which nothing is run. */
export function inventedRuns(): Services['runs'] {
  const none = (id: string): never => {
    throw new DiskError('not-in-fleet', { file: id, kind: 'run' })
  }
  const refuse = (): never => {
    throw new DiskError('agent-gone', { file: 'north', host: 'north' })
  }
  return {
    plan: async () => refuse(),
    start: async () => refuse(),
    cancel: none,
    resume: none,
    undo: none,
    forget: none,
    list: () => [],
    get: () => null,
    log: none,
  }
}
