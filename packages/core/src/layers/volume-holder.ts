/** What gives a volume its blocks. */
export interface VolumeHolder {
  /** A thin pool of LVM, a pool of ZFS; `fixed`: nothing that would take any back. */
  readonly kind: 'thin' | 'zfs' | 'fixed'
  /** Bytes that it gives and takes at once. */
  readonly unit: number
  /** Bytes that it holds for the volume as it is; null: it does not tell. */
  readonly held: number | null
}
