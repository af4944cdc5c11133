import { writableFormats } from '../formats/writable-formats.ts'
import type { FormatName } from '../image/format-rules.ts'
import type { HostPlace } from '../image/image-files.ts'
import type { ImageReport } from '../image/image-report.ts'
import type { VolumeFolder } from '../image/volume-address.ts'

/** Formats that a migration can write today. */
export const migrationTargetFormats = writableFormats

/** What a migration is planned from: inventory in, nothing is read. */
export interface MigrateFacts {
  readonly source: {
    readonly host: string
    readonly connected: boolean
    readonly report: ImageReport
    /** Who has it open for writing, or null. */
    readonly inUseBy: string | null
    /** Which file of its chain that is; left out: the image itself. */
    readonly inUseFile?: string | null
  }
  readonly target: {
    readonly host: string
    readonly connected: boolean
    readonly library: string
    /** Absolute path of the library on the target host. */
    readonly libraryPath: string
    readonly place: HostPlace
    /** Names that exist in that library, or null when not known. */
    readonly nameIsFree: boolean | null
    readonly writable: boolean
    /** Left out: it is a folder of files. */
    readonly volumes?: LibraryVolumes | null
  }
  readonly options: MigrateOptions
}

/** A library of volumes, as a target. */
export interface LibraryVolumes extends VolumeFolder {
  /** Sizes of its volumes are whole pieces of so many bytes. */
  readonly unit: number
  /** LVM: the thin pools in which a volume can be made. */
  readonly pools: readonly { readonly name: string; readonly free: number }[]
  /** Why none can be made; null: they can. */
  readonly fault: { readonly reason: string; readonly remedy: string } | null
}

export interface MigrateOptions {
  /** File name inside the target library, no folders. */
  readonly name: string
  readonly format: FormatName
  /** One of the format's kinds that are one file, such as `fixed`; null: its usual one. */
  readonly subformat: string | null
  readonly compression: 'none' | 'zlib' | 'zstd'
  /** Into a volume of LVM: the thin pool that it is made in; left out, null: it is thick. */
  readonly thinPool?: string | null
  /** Into a volume of ZFS: nothing is kept back for it. */
  readonly sparse?: boolean
}
