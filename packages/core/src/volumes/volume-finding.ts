import type { FilesystemFinding, VolumeFinding } from '../guest/guest-contents.ts'
import type { DiskRun, GuestRegion } from '../guest/guest-region.ts'
import type { Problem } from '../problems/problem.ts'

/** A volume, the parts of this disk inside it that may hold filesystems, and what is wrong with it. */
export interface VolumeScan {
  readonly volume: VolumeFinding
  readonly inner: readonly InnerVolume[]
  /** What was seen of the filesystem on the way, where volume and filesystem are one thing. */
  readonly filesystem: FilesystemFinding | null
  readonly problems: readonly Problem[]
}

/** A byte stream joined from its runs, in order. */
export interface InnerVolume {
  readonly runs: readonly DiskRun[]
  /** A snapshot needs bytes of it that its filesystem calls free; left out: nothing does. */
  readonly isShared?: boolean
}

/** What each file of this folder exports: null when the region is not that kind of volume; throws coded errors. */
export type RecogniseVolume = (region: GuestRegion) => Promise<VolumeScan | null>

type Said = Pick<VolumeFinding, 'type'> & Partial<Omit<VolumeFinding, 'start' | 'length'>>

/** A volume at the place of `region`; what is not said is not known. */
export function volumeFinding(region: GuestRegion, said: Said): VolumeFinding {
  return {
    start: region.start,
    length: region.length,
    sure: 'consistent',
    label: null,
    uuid: null,
    group: null,
    members: [],
    notes: [],
    ...said,
  }
}

/** A volume into which nobody can look from here. */
export function closedVolume(volume: VolumeFinding, problems: readonly Problem[] = []): VolumeScan {
  return { volume, inner: [], filesystem: null, problems }
}
