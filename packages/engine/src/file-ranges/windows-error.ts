import { constants } from 'node:os'
import { SystemError } from '../system/system-error.ts'

/** Numbers of winerror.h, by the name that the same has elsewhere. */
const names: Readonly<Record<number, keyof typeof constants.errno>> = {
  2: 'ENOENT',
  3: 'ENOENT',
  5: 'EACCES',
  6: 'EBADF',
  8: 'ENOMEM',
  17: 'EXDEV',
  19: 'EROFS',
  32: 'EBUSY',
  33: 'EBUSY',
  39: 'ENOSPC',
  80: 'EEXIST',
  87: 'EINVAL',
  112: 'ENOSPC',
  123: 'EINVAL',
  145: 'ENOTEMPTY',
  170: 'EBUSY',
  183: 'EEXIST',
  206: 'ENAMETOOLONG',
  1224: 'EBUSY',
  // A quota is full.
  1295: 'ENOSPC',
}

/** An error of Windows under the name that callers know. */
export function windowsError(code: number, call: string): SystemError {
  const name = names[code] ?? 'EIO'
  return new SystemError(constants.errno[name], call, { reason: `${name}, error ${code} of Windows` })
}
