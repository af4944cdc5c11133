import { writableFormats } from '../formats/writable-formats.ts'
import type { FormatName } from '../image/format-rules.ts'
import type { HostPlace } from '../image/image-files.ts'
import type { ImageReport } from '../image/image-report.ts'

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
  }
  readonly options: MigrateOptions
}

export interface MigrateOptions {
  /** File name inside the target library, no folders. */
  readonly name: string
  readonly format: FormatName
  /** One of the format's kinds that are one file, such as `fixed`; null: its usual one. */
  readonly subformat: string | null
  readonly compression: 'none' | 'zlib' | 'zstd'
}
