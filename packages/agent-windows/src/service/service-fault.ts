import { DiskError, isDiskError } from '@varve/core/problems/disk-error'

/** Why a system does not do with a service what it was asked to. */
export type ServiceWhy =
  | 'no-rights'
  | 'exists'
  | 'absent'
  | 'leaving'
  | 'no-answer'
  | 'no-start'
  | 'no-log-on'
  | 'disabled'
  | 'privilege'
  | 'not-started-by-system'
  | 'other'

/** Codes of the system, winerror.h. */
export const systemCodes = {
  accessDenied: 5,
  alreadyRunning: 1056,
  disabled: 1058,
  absent: 1060,
  notActive: 1062,
  notStartedBySystem: 1063,
  logonFailed: 1069,
  markedForDelete: 1072,
  exists: 1073,
  noProcess: 1053,
  cannotAcceptNow: 1061,
  ownCode: 1066,
  processAborted: 1067,
  logonNotGranted: 1385,
  privilegeNotHeld: 1297,
  invalidLevel: 124,
  notImplemented: 120,
  memberInAlias: 1378,
  noSuchAlias: 1376,
  memberNotInAlias: 1377,
  noneMapped: 1332,
  groupNotFound: 2220,
  fileNotFound: 2,
} as const

const whyOf: Readonly<Record<number, ServiceWhy>> = {
  [systemCodes.accessDenied]: 'no-rights',
  [systemCodes.exists]: 'exists',
  [systemCodes.absent]: 'absent',
  [systemCodes.markedForDelete]: 'leaving',
  [systemCodes.noProcess]: 'no-answer',
  [systemCodes.cannotAcceptNow]: 'no-answer',
  [systemCodes.processAborted]: 'no-start',
  [systemCodes.logonFailed]: 'no-log-on',
  [systemCodes.logonNotGranted]: 'no-log-on',
  [systemCodes.disabled]: 'disabled',
  [systemCodes.privilegeNotHeld]: 'privilege',
  [systemCodes.notStartedBySystem]: 'not-started-by-system',
}

const seeEvents = 'Its events say why: Get-WinEvent -ProviderName varve-agent -MaxEvents 5.'

/** What to say and to do about a service. */
const serviceFaults: Readonly<Record<ServiceWhy, { readonly message: string; readonly remedy: string }>> = {
  'no-rights': {
    message: 'this needs an administrator',
    remedy: 'Open PowerShell with: Run as administrator.',
  },
  exists: {
    message: 'there is such a service already',
    remedy: 'Remove it first, or install again, which changes it.',
  },
  absent: { message: 'there is no such service', remedy: 'Install it: varve-agent service install.' },
  leaving: {
    message: 'it is being removed, which ends when no program has it open',
    remedy: 'Close services.msc and the Event Viewer, then try again; a restart of the host ends it too.',
  },
  'no-answer': {
    message: 'it does not answer in time',
    remedy: `${seeEvents} A process that hangs is ended with: Stop-Process -Force -Id PROCESS.`,
  },
  'no-start': { message: 'it ended when it was started', remedy: seeEvents },
  'no-log-on': {
    message: 'its account cannot log on as a service',
    remedy:
      'Install it again; a policy of the host that takes away "Log on as a service" has to leave out NT SERVICE.',
  },
  disabled: {
    message: 'it is disabled',
    remedy: 'Install it again, or: Set-Service varve-agent -StartupType Automatic.',
  },
  privilege: {
    message: 'its account lacks a privilege that the service requires',
    remedy: 'Install it again as an administrator.',
  },
  'not-started-by-system': {
    message: 'only the system starts a program as a service',
    remedy: 'Start it with: varve-agent service start.',
  },
  other: { message: 'the system refused it', remedy: 'The code of the system tells more: net helpmsg CODE.' },
}

/** HRESULTs of the system carry its code in their lower half: 0x80070005 is 5. */
function systemCodeIn(code: number): number {
  return (code & 0xffff_0000) >>> 0 === 0x8007_0000 ? code & 0xffff : code
}

/** What a call to the system that gave `code` failed with; `what` was asked for. */
export function serviceFault(name: string, what: string, code: number): DiskError<'service-failed'> {
  const system = systemCodeIn(code)
  return serviceError(name, { what, why: whyOf[system] ?? 'other', code: system })
}

/** Why the service does not do what it was asked to. */
export function serviceError(
  file: string,
  { why, ...asked }: { readonly what: string; readonly why: ServiceWhy; readonly code: number | null },
): DiskError<'service-failed'> {
  const { message: reason, remedy } = serviceFaults[why]
  return new DiskError('service-failed', { file, why, reason, remedy, ...asked })
}

export function isServiceFault(error: unknown, why: ServiceWhy): boolean {
  return isDiskError(error, 'service-failed') && error.details.why === why
}
