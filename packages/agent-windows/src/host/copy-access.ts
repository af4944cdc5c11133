import { lstat } from 'node:fs/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { pointerSlot, windowsCall } from '../service/windows/native.ts'

const advapi = 'advapi32.dll'
const named = ['str16', 'int', 'uint32', 'void *', 'void *', 'void *', 'void *']
const GetNamedSecurityInfoW = windowsCall(advapi, 'GetNamedSecurityInfoW', 'uint32', [...named, 'void *'])
const SetNamedSecurityInfoW = windowsCall(advapi, 'SetNamedSecurityInfoW', 'uint32', named)
const GetSecurityDescriptorControl = windowsCall(advapi, 'GetSecurityDescriptorControl', 'int', [
  'void *',
  'void *',
  'void *',
])
const LocalFree = windowsCall('kernel32.dll', 'LocalFree', 'void *', ['void *'])

// accctrl.h, winnt.h
const seFileObject = 1
const daclInformation = 0x4
const protectedDacl = 0x8000_0000
const unprotectedDacl = 0x2000_0000
const daclIsProtected = 0x1000

/**
 * Gives a file the entries of another one's access list, its own and those it does not inherit: a machine of Hyper-V opens its
 * disks by an entry of its own. Where there is no such other file nothing is done. Throws `not-writable`.
 */
export async function copyAccess(from: string, to: string): Promise<void> {
  if ((await lstat(from).catch(() => null)) === null) return
  const dacl = pointerSlot()
  const descriptor = pointerSlot()
  const found = GetNamedSecurityInfoW(
    from,
    seFileObject,
    daclInformation,
    null,
    null,
    dacl.buffer,
    null,
    descriptor.buffer,
  )
  if (found !== 0) throw notCopied(to, `who may open ${from} could not be read`, Number(found))
  try {
    const control = Buffer.alloc(2)
    const isRead = GetSecurityDescriptorControl(descriptor.value(), control, Buffer.alloc(4)) !== 0
    const isProtected = isRead && (control.readUInt16LE(0) & daclIsProtected) !== 0
    const information = daclInformation + (isProtected ? protectedDacl : unprotectedDacl)
    const code = SetNamedSecurityInfoW(to, seFileObject, information, null, null, dacl.value(), null)
    if (code !== 0) throw notCopied(to, 'it could not be given who may open the original', Number(code))
  } finally {
    LocalFree(descriptor.value())
  }
}

function notCopied(file: string, what: string, code: number): DiskError {
  return new DiskError('not-writable', { file, reason: `${what} (Windows says ${code})` })
}
