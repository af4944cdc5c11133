import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { RunList } from '@varve/core/ranges/run-list'
import type { FormatName } from '@varve/core/image/format-rules'
import type { ReadingChoices } from '@varve/core/image/reading-choices'
import type { WritableFormat } from '@varve/core/formats/writable-formats'
import type { BackingReference, WriteChoices } from '@varve/core/image/image-choices'
import type { Manifest } from '@varve/core/digest/disk-digest'
import type { ClientTls, NbdPlace } from '@varve/nbd/client-options'
import type { NbdAddressTls } from '@varve/nbd/nbd-address'
import type { SharedUnpacked } from '../packed/node-unpacker.ts'

/** How a server is known, and this side to it: by a folder of certificates, as somebody of this host says it, or by the certificates themselves. */
export type InputTls =
  | NbdAddressTls
  | (Required<Pick<ClientTls, 'ca' | 'certificate' | 'key'>> & {
      /** Who the server has to be: a host or address, or a URI such as `varve://agent/south`. */
      readonly peer: string | { readonly uri: string }
    })

/** Where a disk is read from. Plain data: it crosses to worker threads. */
export type DiskInput =
  /** An image file with its chain. `roots`: nothing outside these folders is opened; null: no limit (the CLI). */
  | {
      readonly kind: 'image'
      readonly path: string
      readonly roots: readonly string[] | null
      readonly format: FormatName | null
      /** What somebody said about how to read it. */
      readonly choices?: ReadingChoices | undefined
      /** The formats that somebody said of its parents, by their paths. */
      readonly told?: ReadonlyMap<string, FormatName> | undefined
      /** Whether what the guest's filesystems call free reads as zeros. */
      readonly withoutFree?: boolean | undefined
      /** Bytes of the disk that read as zeros, whatever lies there. */
      readonly leftOut?: ByteRange | undefined
      /** Bytes that the disk has, and that it is read with, zeros behind its end. */
      readonly extended?: { readonly from: number; readonly to: number } | undefined
      /** Bytes that the disk is read with; nothing of it may lie behind. */
      readonly cutTo?: number | undefined
      /** Those blocks, in memory that threads share, where one of them has looked. */
      readonly free?: RunList | undefined
      /** What the thread that gives this to others has unpacked, and keeps open. */
      readonly unpacked?: readonly SharedUnpacked[] | undefined
    }
  /** An NBD export; each worker makes a connection of its own. */
  | (NbdPlace & {
      readonly kind: 'nbd'
      readonly exportName: string
      /** Left out: plain text. */
      readonly tls?: InputTls | undefined
      /** The address as somebody of this host gave it, who is told why it cannot be opened; left out: nobody is told more than where it is. */
      readonly address?: string | undefined
      /** Bytes that the disk has; a server that says otherwise is refused. */
      readonly size?: number | undefined
      /**
       * When it cannot be opened, for whatever reason, that is told after so long, neither earlier nor later; left out: at once, at
       * the latest after 10 s.
       */
      readonly failsAfterMs?: number | undefined
    })

/** An image under an overlay: how the overlay names it, and where it is read from to compare. */
export interface Backing extends BackingReference {
  readonly disk: DiskInput
}

export interface DiskOutput {
  /** Must not exist: it is created exclusively, and removed again when the conversion fails. */
  readonly path: string
  /** The name that it will have, for formats that write it down or name their parts by it; that of `path` when not said. */
  readonly name?: string | undefined
  readonly format: WritableFormat
  readonly compression: 'none' | 'zlib' | 'zstd'
  /** One of the format's kinds, such as `fixed`; its usual one when not said. */
  readonly subformat?: string | undefined
  readonly choices?: Omit<WriteChoices, 'backing'> | undefined
  /** What the new image is an overlay of: what equals it is left out. */
  readonly backing?: Backing | undefined
  /** A UUID for the identities in the image; a random one when not said. */
  readonly id?: string | undefined
  /** `synced` (the default): on the medium when the call returns; `cached`: the system writes it back later, as with cp(1). */
  readonly durability?: 'synced' | 'cached'
  /** Whether blocks may be shared with the files that are read, where the filesystem can do that; default: they may. */
  readonly reflink?: boolean
}

/** State of one chunk of 4 MiB while a disk is moved. */
export const chunkStates = { waiting: 0, inFlight: 1, written: 2, proven: 3, skipped: 4 } as const

export interface TransferProgress {
  /** Data bytes done of `totalBytes`; zero and absent ranges do not count. */
  readonly doneBytes: number
  readonly totalBytes: number
  /** Of `doneBytes`: chunks that were found to hold zeros only. */
  readonly skippedBytes: number
  /** One state of `chunkStates` per chunk; live, to be read at once. */
  readonly states: Uint8Array
  /** Seconds that all workers together waited for the input and for the output so far. */
  readonly waited: { readonly input: number; readonly output: number }
}

/** What of an image a rescue read as zeros because it could not be read, in bytes of the disk. */
export interface Zeroed {
  readonly file: string
  readonly bytes: number
  readonly ranges: readonly ByteRange[]
}

export interface DigestOutcome {
  /** Empty unless a rescue met something that cannot be read. */
  readonly zeroed: readonly Zeroed[]
  readonly virtualSize: number
  /** Bytes of the disk's extents that hold data. */
  readonly dataBytes: number
  /** Bytes of the chunks that hold any of it: what was read. */
  readonly readBytes: number
  /** Of those, chunks that held zeros only. */
  readonly zeroBytes: number
  readonly manifest: Manifest
  /** Root in hexadecimal. */
  readonly digest: string
  /** Plain SHA-256 over L3 in hexadecimal, when asked for. */
  readonly sha256: string | null
  readonly seconds: number
}

export interface ConvertOutcome extends DigestOutcome {
  /** Of all files written. */
  readonly fileSize: number
  /** Bytes that the files share with those that were read, where the filesystem can do that (reflink): they take no room. */
  readonly sharedBytes: number
  /** Paths of the image's parts, in its folder; most formats have none. */
  readonly parts: readonly string[]
}

export interface Measure {
  readonly virtualSize: number
  readonly dataBytes: number
  /** Bytes of the chunks that hold any data: what a conversion reads. */
  readonly chunkBytes: number
  /** Upper bound of the size of the target file in bytes. */
  readonly required: number
}

export interface CompareOutcome {
  /** Empty unless a rescue met something that cannot be read. */
  readonly zeroed: readonly Zeroed[]
  readonly identical: boolean
  readonly sizes: readonly [number, number]
  /** First byte of L3 that differs, or null; where they differ in size only, the end of the shorter. */
  readonly firstDifference: number | null
  /** What the longer disk holds behind the end of the shorter; null when their sizes are equal, or they differ before. */
  readonly tail: 'zeros' | 'data' | null
}
