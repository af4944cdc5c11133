import { madeTypes, resizedTypes, type MadeType, type ResizedType } from '../actions/filesystem-place.ts'

/** What is done with a filesystem, and by which tools of Linux. */
export interface ResizedKind {
  /** Null: not checked. */
  readonly check: string | null
  readonly grow: readonly string[]
  /** Null: it has no way to become smaller. */
  readonly shrink: readonly string[] | null
  /** Whether files are in it. */
  readonly hasFiles: boolean
  /** The Debian package that brings the tools. */
  readonly package: string
}

const ext: ResizedKind = {
  check: 'e2fsck',
  grow: ['e2fsck', 'resize2fs'],
  shrink: ['e2fsck', 'resize2fs'],
  hasFiles: true,
  package: 'e2fsprogs',
}

const kinds: Readonly<Record<ResizedType, ResizedKind>> = {
  ext2: ext,
  ext3: ext,
  ext4: ext,
  xfs: { check: 'xfs_repair', grow: ['xfs_growfs'], shrink: null, hasFiles: true, package: 'xfsprogs' },
  btrfs: { check: 'btrfs', grow: ['btrfs'], shrink: ['btrfs'], hasFiles: true, package: 'btrfs-progs' },
  ntfs: {
    check: 'ntfsresize',
    grow: ['ntfsresize'],
    shrink: ['ntfsresize'],
    hasFiles: true,
    package: 'ntfs-3g',
  },
  swap: { check: null, grow: ['mkswap'], shrink: ['mkswap'], hasFiles: false, package: 'util-linux' },
}

export function isResized(type: string): type is ResizedType {
  return (resizedTypes as readonly string[]).includes(type)
}

/** Whether Varve makes another one like it. */
export function isMade(type: string): type is MadeType {
  return (madeTypes as readonly string[]).includes(type)
}

export function resizedKind(type: ResizedType): ResizedKind {
  return kinds[type]
}
