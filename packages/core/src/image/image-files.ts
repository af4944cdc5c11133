import type { ByteSource } from '../binary/byte-source.ts'
import type { PackingName } from './packing.ts'

/** What tells whether a file changed: compared before and after it was read. */
export interface FileFingerprint {
  readonly size: number
  readonly modifiedMs: number
  readonly changedMs: number
  /** When this file came to be, which a copy does not share; null or not there when the host does not tell. */
  readonly createdMs?: number | null
  /** Of a block device, how often it was written to since it is there, by its kernel; its times tell of udev, not of that. */
  readonly writes?: number
  readonly inode: string
}

/** L1 and L0 as far as the host tells. */
export interface HostPlace {
  /** Type of the host filesystem, such as `xfs`, or null when unknown. */
  readonly filesystem: string | null
  readonly mountPoint: string | null
  readonly free: number | null
  readonly total: number | null
  /** Whether that filesystem shares blocks between copies (Btrfs, XFS with reflink, ZFS, APFS, ReFS). */
  readonly copyOnWrite: boolean | null
  /** The volume below the filesystem that copies on write too, in words: `thin volume of LVM`; left out, null: none does. */
  readonly copiesBelow?: string | null | undefined
  /** What a file of NTFS or ReFS is set as; left out: none of it. */
  readonly attributes?: readonly FileAttribute[] | undefined
  /** What is out of the ordinary of a volume of macOS; left out: none of it. */
  readonly traits?: readonly VolumeTrait[] | undefined
  /** The medium below in words, such as `NVMe SSD, 1.9 TiB`, or null when unknown. */
  readonly media: string | null
}

/** How Windows keeps a file, seen by nobody who reads it, but refused by Hyper-V. */
export type FileAttribute = 'sparse' | 'compressed' | 'encrypted'

/** Of a volume of macOS; one without holes, such as exFAT, writes the zeros of a file. */
export type VolumeTrait = 'read-only' | 'case-sensitive' | 'without-holes'

/** A file of an image, open for reading only. */
export interface ImageFile extends AsyncDisposable {
  readonly path: string
  readonly source: ByteSource
  /** Bytes that the file takes on the host (L1), or null when the host does not tell. */
  readonly allocated: number | null
  readonly fingerprint: FileFingerprint
  /** Set when `source` is what the file unpacks to: `allocated` and `fingerprint` are those of the packed file. */
  readonly packed?: PackedFacts | undefined
}

/** The port through which the formats reach files. */
export interface ImageFiles {
  /** Opens a file for reading; throws `not-found`, `not-readable`, `not-an-image`, `outside-library`. */
  open(path: string): Promise<ImageFile>
  /** The path meant by `reference`, as written inside the file `from`; throws `reference-refused`. Syntax only: it opens nothing. */
  resolve(from: string, reference: string): string
  /** The names in a folder, for formats whose parent is named by an identity only; empty when it cannot be read. */
  list(folder: string): Promise<readonly string[]>
  /** L1 and L0 below `path`. */
  place(path: string): Promise<HostPlace>
}

/**
 * Decompressors, brought by each platform; all throw on bad input and never give more than `size` bytes.
 * What they give is the caller's alone, who may release its memory.
 */
export interface Codecs {
  /** Raw deflate (RFC 1951) to exactly `size` bytes or fewer; input after the end of the stream is ignored. */
  inflateRaw(bytes: Uint8Array, size: number): Uint8Array
  /** Zlib (RFC 1950). */
  inflate(bytes: Uint8Array, size: number): Uint8Array
  /** Zstandard (RFC 8878): one frame; input after it is ignored. */
  zstd(bytes: Uint8Array, size: number): Uint8Array
  /** Bzip2, where the platform has it. */
  readonly bzip2?: (bytes: Uint8Array, size: number) => Promise<Uint8Array>
  /** One xz stream of LZMA2 blocks, where the platform has it. */
  readonly xz?: (bytes: Uint8Array, size: number) => Promise<Uint8Array>
}

/** Compressors, for writers. What they give is the caller's alone, who may release its memory. */
export interface Compressors {
  /** Raw deflate with a window of at most 4 KiB (windowBits 12): QEMU unpacks qcow2 clusters with no larger one. */
  deflateRaw(bytes: Uint8Array): Uint8Array
  deflate(bytes: Uint8Array): Uint8Array
  zstd(bytes: Uint8Array): Uint8Array
}

/** A digest that is made piece by piece. */
export interface StreamHash {
  update(bytes: Uint8Array): void
  /** In lower-case hexadecimal; to be asked once. */
  hex(): string
}

export interface ImagePorts {
  readonly files: ImageFiles
  readonly codecs: Codecs
  /**
   * Unpacks into a temporary file, once for all that ask in this program, and opens it in place of the packed one: path and
   * fingerprint stay those of the packed file. Takes bounded room on the disk. Throws `decompression-failed` and
   * `truncated` for damage, `unsupported-feature`, `limit-exceeded`, `no-space`, and what `signal` says. Missing: packed
   * images are recognised, but not read.
   */
  readonly unpack?: (packed: PackedContent, options?: { readonly signal?: AbortSignal }) => Promise<ImageFile>
  /** The digests that manifests of packages give, where the platform has them. */
  readonly startHash?: (algorithm: 'sha1' | 'sha256' | 'sha512') => Promise<StreamHash>
}

/** Packed bytes and the file they lie in: all of it, or a part of it, such as a member of an archive. */
export interface PackedContent {
  readonly file: ImageFile
  readonly source: ByteSource
  readonly packing: PackingName
}

/** What is known of a file that is read unpacked. */
export interface PackedFacts {
  readonly by: PackingName
  /** Bytes of the file as it lies on the host. */
  readonly size: number
}
