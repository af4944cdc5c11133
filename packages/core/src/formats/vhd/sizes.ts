import { sectorSize, type Footer } from './header.ts'

/** Which of the two sizes in a footer is the disk's. */
export type SizeBy = 'geometry' | 'current'

export interface VhdSizes {
  /** Bytes by cylinders, heads and sectors; null where that says nothing: there is none, or it is the largest one. */
  readonly geometry: number | null
  readonly current: number
  /** What the program that made the disk means. */
  readonly creatorMeans: SizeBy
  /** Programs in use differ: QEMU goes by the geometry, others by the current size, and the two are not the same. */
  readonly isDisputed: boolean
}

/** Virtual PC, and QEMU before it had a name for disks whose current size counts. */
const makersByGeometry: ReadonlySet<string> = new Set(['vpc', 'vpc ', 'qemu'])
/** Makers whose current size every program takes: Hyper-V, QEMU, Disk2vhd, XenServer, XenConverter, Azure. */
const makersByCurrentSize: ReadonlySet<string> = new Set([
  'win',
  'win ',
  'qem2',
  'd2v',
  'd2v ',
  'tap',
  'CTXS',
  'wa',
])
/** Sectors of the largest geometry: it says nothing about larger disks. */
const largestGeometry = 65_535 * 16 * 255

/** Both sizes that a footer gives, and whose size it is (DOMAIN.md section 2; QEMU block/vpc.c). */
export function sizesOf({
  creatorApplication,
  currentSize,
  cylinders,
  heads,
  sectorsPerTrack,
}: Footer): VhdSizes {
  const sectors = cylinders * heads * sectorsPerTrack
  const geometry = sectors > 0 && sectors < largestGeometry ? sectors * sectorSize : null
  return {
    geometry,
    current: currentSize,
    creatorMeans: makersByGeometry.has(creatorApplication) && geometry !== null ? 'geometry' : 'current',
    isDisputed: geometry !== null && geometry !== currentSize && !makersByCurrentSize.has(creatorApplication),
  }
}

/** Bytes the guest sees: by what somebody chose, else as the maker means it; a geometry that says nothing is the current size. */
export function virtualSizeOf({ geometry, current, creatorMeans }: VhdSizes, chosen?: SizeBy): number {
  return (chosen ?? creatorMeans) === 'geometry' ? (geometry ?? current) : current
}
