import { serviceFault, systemCodes } from '../service-fault.ts'
import type { AccountRights } from '../service-system.ts'
import { lastCode, native, pointerSlot, windowsCall, type Pointer } from './native.ts'

const advapi = 'advapi32.dll'
const ConvertStringSidToSidW = windowsCall(advapi, 'ConvertStringSidToSidW', 'int', ['str16', 'void *'])
const LookupAccountSidW = windowsCall(advapi, 'LookupAccountSidW', 'int', [
  'str16',
  'void *',
  'void *',
  'void *',
  'void *',
  'void *',
  'void *',
])
const LsaOpenPolicy = windowsCall(advapi, 'LsaOpenPolicy', 'uint32', ['void *', 'void *', 'uint32', 'void *'])
const LsaAddAccountRights = windowsCall(advapi, 'LsaAddAccountRights', 'uint32', [
  'void *',
  'void *',
  'void *',
  'uint32',
])
const LsaRemoveAccountRights = windowsCall(advapi, 'LsaRemoveAccountRights', 'uint32', [
  'void *',
  'void *',
  'uint8',
  'void *',
  'uint32',
])
const LsaNtStatusToWinError = windowsCall(advapi, 'LsaNtStatusToWinError', 'uint32', ['uint32'])
const LsaClose = windowsCall(advapi, 'LsaClose', 'uint32', ['void *'])
const LocalFree = windowsCall('kernel32.dll', 'LocalFree', 'void *', ['void *'])
const netapi = 'netapi32.dll'
const member = ['str16', 'str16', 'uint32', 'void *', 'uint32']
const NetLocalGroupAddMembers = windowsCall(netapi, 'NetLocalGroupAddMembers', 'uint32', member)
const NetLocalGroupDelMembers = windowsCall(netapi, 'NetLocalGroupDelMembers', 'uint32', member)

// ntsecapi.h: POLICY_CREATE_ACCOUNT, POLICY_LOOKUP_NAMES.
const policyAccess = 0x10 | 0x800
const objectAttributesBytes = 48
const mostName = 256

interface Sid extends Disposable {
  readonly at: Pointer
}

function sidOf(text: string, what: string): Sid {
  const slot = pointerSlot()
  if (ConvertStringSidToSidW(text, slot.buffer) === 0) throw serviceFault(text, what, lastCode())
  const at = slot.value()
  return {
    at,
    [Symbol.dispose]() {
      LocalFree(at)
    },
  }
}

/** The name of a group as this host has it; null: it has no such group. */
function groupName(sid: Sid, what: string): string | null {
  const [name, domain] = [Buffer.alloc(mostName * 2), Buffer.alloc(mostName * 2)]
  const size = () => Buffer.from(Uint32Array.of(mostName).buffer)
  const nameSize = size()
  if (LookupAccountSidW(null, sid.at, name, nameSize, domain, size(), Buffer.alloc(4)) === 0) {
    const code = lastCode()
    if (code === systemCodes.noneMapped) return null
    throw serviceFault('account', what, code)
  }
  return name.subarray(0, nameSize.readUInt32LE(0) * 2).toString('utf16le')
}

/** LOCALGROUP_MEMBERS_INFO_0. */
function memberOf(sid: Sid): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(sid.at ?? 0n)
  return bytes
}

const noGroup: readonly number[] = [systemCodes.noSuchAlias, systemCodes.groupNotFound]
const noMember: readonly number[] = [systemCodes.memberNotInAlias, systemCodes.noneMapped]

function withPolicy<T>(what: string, use: (policy: Pointer) => T): T {
  const attributes = Buffer.alloc(objectAttributesBytes)
  attributes.writeUInt32LE(objectAttributesBytes)
  const slot = pointerSlot()
  const code = winError(LsaOpenPolicy(null, attributes, policyAccess, slot.buffer))
  if (code !== 0) throw serviceFault('account', what, code)
  const policy = slot.value()
  try {
    return use(policy)
  } finally {
    LsaClose(policy)
  }
}

function winError(status: unknown): number {
  return status === 0 ? 0 : (LsaNtStatusToWinError(status) as number)
}

/** LSA_UNICODE_STRING. */
function lsaText(text: string): object {
  const koffi = native()
  const type = koffi.struct({ length: 'uint16', most: 'uint16', text: 'str16' })
  return koffi.as({ length: text.length * 2, most: text.length * 2 + 2, text }, koffi.pointer(type))
}

/** Groups and privileges of this Windows, by netapi32 and the local security authority. */
export const windowsAccountRights: AccountRights = {
  join(group, memberSid) {
    const what = 'give its account rights'
    using groupSid = sidOf(group, what)
    const name = groupName(groupSid, what)
    if (name === null) return 'no-group'
    using sid = sidOf(memberSid, what)
    const code = NetLocalGroupAddMembers(null, name, 0, memberOf(sid), 1) as number
    if (code === systemCodes.memberInAlias) return 'was-there'
    if (noGroup.includes(code)) return 'no-group'
    if (code !== 0) throw serviceFault(name, what, code)
    return 'joined'
  },

  leave(group, memberSid) {
    const what = 'take rights from its account'
    using groupSid = sidOf(group, what)
    const name = groupName(groupSid, what)
    if (name === null) return
    using sid = sidOf(memberSid, what)
    const code = NetLocalGroupDelMembers(null, name, 0, memberOf(sid), 1) as number
    if (code !== 0 && !noGroup.includes(code) && !noMember.includes(code))
      throw serviceFault(name, what, code)
  },

  grant(account, privilege) {
    using sid = sidOf(account, 'give its account rights')
    return withPolicy('give its account rights', (policy) => {
      const code = winError(LsaAddAccountRights(policy, sid.at, lsaText(privilege), 1))
      if (code === systemCodes.accessDenied) throw serviceFault(account, 'give its account rights', code)
      return code === 0
    })
  },

  revoke(account) {
    using sid = sidOf(account, 'take rights from its account')
    withPolicy('take rights from its account', (policy) => {
      const code = winError(LsaRemoveAccountRights(policy, sid.at, 1, null, 0))
      if (code !== 0 && code !== systemCodes.fileNotFound)
        throw serviceFault(account, 'take rights from its account', code)
    })
  },
}
