/** What all recipes say. */
interface Recipe {
  /** As it is stored, to the byte; null: it has none. */
  readonly label: string | null
  readonly blockSize: number
  readonly inodeSize: number
  /** Features that no tool is known to make, in words: there is no other one like it. */
  readonly unmade: readonly string[]
  /** What of it the new one has not, in words. */
  readonly unkept: readonly string[]
  /** Whether limits of quotas may be kept in it. */
  readonly hasQuotas: boolean
}

export interface ExtRecipe extends Recipe {
  readonly kind: 'ext'
  /** Bytes that are allocated at once (bigalloc); null: a block. */
  readonly clusterSize: number | null
  readonly inodes: number
  readonly usedInodes: number
  /** As mke2fs calls them. */
  readonly features: readonly string[]
  /** Of its blocks, for root alone: from 0 to 0.5. */
  readonly reservedShare: number
  readonly errors: 'continue' | 'remount-ro' | 'panic'
  /** Bits of s_default_mount_opts. */
  readonly mountOptions: number
  /** 0: no journal. */
  readonly journalBytes: number
  /** Blocks of one disk of a RAID, and of all of them; 0: not said. */
  readonly stride: number
  readonly stripeWidth: number
  /** Bytes that it keeps for itself: tables, bitmaps, journal. */
  readonly ownBytes: number
}

export const xfsFeatures = [
  'crc',
  'finobt',
  'rmapbt',
  'reflink',
  'inobtcount',
  'bigtime',
  'sparse',
  'nrext64',
  'ftype',
  'ci',
] as const

export interface XfsRecipe extends Recipe {
  readonly kind: 'xfs'
  readonly sectorSize: number
  readonly folderBlockSize: number
  /** Of its room that inodes may take, in percent; 0: all. */
  readonly inodeShare: number
  /** Bytes; 0: not said. */
  readonly stripeUnit: number
  readonly stripeWidth: number
  readonly logBytes: number
  readonly groups: number
  /** As mkfs.xfs calls them; `ci`: names without case. */
  readonly features: Readonly<Record<(typeof xfsFeatures)[number], boolean>>
}

/** What it takes to make another filesystem that is like one, but of another size. */
export type FilesystemRecipe = ExtRecipe | XfsRecipe

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes up to the first NUL as text; null: none, undefined: they are no text. */
export function exactLabel(bytes: Uint8Array): string | null | undefined {
  const end = bytes.indexOf(0)
  const own = bytes.subarray(0, end < 0 ? bytes.length : end)
  if (own.length === 0) return null
  try {
    return decoder.decode(own)
  } catch {
    return undefined
  }
}
