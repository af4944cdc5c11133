import { resolve } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { isNbdAddress, nbdAddress, readNbdAddress } from '@varve/nbd/nbd-address'
import type { NbdPlace } from '@varve/nbd/client-options'
import type { DiskInput } from './requests.ts'

/** An NBD export as somebody of this host has said it. */
export type NbdInput = DiskInput & { kind: 'nbd' }

const form =
  'it is nbd://HOST[:PORT]/[EXPORT] or nbd+unix:///[EXPORT]?socket=PATH, over TLS nbds:// or nbds+unix://, percent-encoded'

/** The export that an address means; null: it is none, but a path. Throws `invalid-request`. */
export function nbdInput(text: string): NbdInput | null {
  if (!isNbdAddress(text)) return null
  const read = readNbdAddress(text)
  if ('fault' in read)
    throw new DiskError('invalid-request', { file: text, reason: `${read.fault}; ${form}` })
  const { exportName } = read
  const tls = read.tls && {
    ...read.tls,
    certificates: read.tls.certificates === null ? null : resolve(read.tls.certificates),
  }
  const secured = tls && { tls }
  if ('host' in read.place && !tls) return { kind: 'nbd', ...read.place, exportName, address: text }
  const place = 'host' in read.place ? read.place : { path: absolute(read.place.path) }
  return {
    kind: 'nbd',
    ...place,
    exportName,
    ...secured,
    address: nbdAddress({ place, exportName, ...secured }),
  }
}

/** Where its server listens. */
export function placeOf(input: NbdInput): NbdPlace {
  return 'host' in input ? { host: input.host, port: input.port } : { path: input.path }
}

/** What begins with NUL is a name of Linux's own, and no path. */
function absolute(path: string): string {
  return path.startsWith('\0') ? path : resolve(path)
}
