import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { label } from './definition.ts'

/** Why launchd does not do with the service what it was asked to. */
export type ServiceWhy = 'no-rights' | 'exists' | 'absent' | 'no-start' | 'no-answer' | 'other'

const words: Readonly<
  Record<ServiceWhy, (log: string) => { readonly reason: string; readonly remedy: string }>
> = {
  'no-rights': () => ({ reason: 'this needs root', remedy: 'Put sudo before it.' }),
  exists: () => ({
    reason: 'the agent is the service of this Mac already',
    remedy: 'Remove that first: sudo varve-agent service remove.',
  }),
  absent: () => ({
    reason: 'there is no such service',
    remedy: 'Install it: varve-agent service install.',
  }),
  'no-start': (log) => ({
    reason: 'it ended when it was started',
    remedy: `Its log says why: tail ${log}`,
  }),
  'no-answer': (log) => ({
    reason: 'it does not end or start in time',
    remedy: `Its log may say why: tail ${log}`,
  }),
  other: () => ({
    reason: 'launchd refused it',
    remedy:
      'launchctl error CODE tells more. Where it was switched off in System Settings, General, Login Items, it is switched on there.',
  }),
}

/** Why the service does not do what it was asked to; `code` is that of launchctl, or what the agent ended with. */
export function serviceFault(
  why: ServiceWhy,
  { what, log, code = null }: { readonly what: string; readonly log: string; readonly code?: number | null },
): DiskError<'service-failed'> {
  return new DiskError('service-failed', { file: label, what, why, code, ...words[why](log) })
}

/** A failure of launchctl as one of the service. */
export function launchFault(error: unknown, asked: { readonly what: string; readonly log: string }): unknown {
  if (!isDiskError(error, 'tool-failed')) return error
  return serviceFault('other', { ...asked, code: error.details.exitCode })
}
