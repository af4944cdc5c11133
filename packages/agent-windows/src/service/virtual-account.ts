import { createHash } from 'node:crypto'

/** The account that Windows makes for a service of that name. */
export function virtualAccount(service: string): string {
  return `NT SERVICE\\${service}`
}

/** SID of that account, the same on every host: from the SHA-1 of the name in capitals, in UTF-16. */
export function virtualAccountSid(service: string): string {
  const hash = createHash('sha1').update(service.toUpperCase(), 'utf16le').digest()
  const parts = [0, 4, 8, 12, 16].map((at) => hash.readUInt32LE(at))
  return `S-1-5-80-${parts.join('-')}`
}

/** May do everything with machines of Hyper-V. */
export const hyperVAdministrators = 'S-1-5-32-578'
