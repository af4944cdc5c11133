import type { ServiceWhy } from '@varve/core/problems/causes'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'

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

/** HRESULTs of the system carry its code in their lower half: 0x80070005 is 5. */
function systemCodeIn(code: number): number {
  return (code & 0xffff_0000) >>> 0 === 0x8007_0000 ? code & 0xffff : code
}

/** What a call to the system that gave `code` failed with; `what` was asked for. */
export function serviceFault(name: string, what: string, code: number): DiskError<'service-failed'> {
  const system = systemCodeIn(code)
  return new DiskError('service-failed', { file: name, what, why: whyOf[system] ?? 'other', code: system })
}

export function isServiceFault(error: unknown, why: ServiceWhy): boolean {
  return isDiskError(error, 'service-failed') && error.details.why === why
}
