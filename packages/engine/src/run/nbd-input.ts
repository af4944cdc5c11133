import { resolve } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { isNbdAddress, nbdAddress, readNbdAddress } from '@varve/nbd/nbd-address'
import type { DiskInput } from './requests.ts'

/** An NBD export as somebody of this host has said it. */
export type NbdInput = DiskInput & { kind: 'nbd' }

const form = 'it is nbd://HOST[:PORT]/[EXPORT] or nbd+unix:///[EXPORT]?socket=PATH, percent-encoded'
const tunnel = 'Reach it by nbd:// through a tunnel (ssh -L), or by nbd+unix:// on its own host.'

/** The export that an address means; null: it is none, but a path. Throws `invalid-request`, and `refused` for TLS. */
export function nbdInput(text: string): NbdInput | null {
  if (!isNbdAddress(text)) return null
  const read = readNbdAddress(text)
  if ('fault' in read)
    throw read.isTls === true
      ? new DiskError('refused', { file: text, reason: read.fault, remedy: tunnel })
      : new DiskError('invalid-request', { file: text, reason: `${read.fault}; ${form}` })
  const { place, exportName } = read
  if ('host' in place) return { kind: 'nbd', ...place, exportName, address: text }
  // What begins with NUL is a name of Linux's own, and no path.
  const path = place.path.startsWith('\0') ? place.path : resolve(place.path)
  return { kind: 'nbd', path, exportName, address: nbdAddress({ place: { path }, exportName }) }
}
