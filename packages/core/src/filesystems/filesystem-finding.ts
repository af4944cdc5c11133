import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'

/** What each file of this folder exports: null when the region does not hold that filesystem; throws coded errors. */
export type RecogniseFilesystem = (region: GuestRegion) => Promise<FilesystemFinding | null>

/** What a recogniser says; the rest is not known. */
type Said = Pick<FilesystemFinding, 'type'> & Partial<Omit<FilesystemFinding, 'start' | 'length'>>

/** A finding at the place of `region`; `used` follows from size and free. */
export function filesystemFinding(region: GuestRegion, said: Said): FilesystemFinding {
  const size = said.size ?? null
  const free = said.free ?? null
  const used = said.used ?? (size !== null && free !== null ? size - free : null)
  return {
    start: region.start,
    length: region.length,
    sure: 'consistent',
    label: null,
    uuid: null,
    blockSize: null,
    state: 'unknown',
    notes: [],
    freeByRegion: [],
    ...said,
    size,
    used,
    free,
  }
}

/** A finding of which no more than the signature was read. */
export function signatureFinding(region: GuestRegion, type: string): FilesystemFinding {
  return filesystemFinding(region, { type, sure: 'signature' })
}
