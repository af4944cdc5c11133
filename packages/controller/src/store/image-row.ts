import type { ImageRow } from '@varve/protocol/images'
import { FormatName } from '@varve/protocol/primitives'
import type { images } from './schema.ts'

/** An image as it is stored; it leaves the store as an `ImageRow`. */
export type StoredImage = typeof images.$inferSelect

export function toImageRow(row: StoredImage): ImageRow {
  return {
    id: row.id,
    host: row.host,
    library: row.library,
    name: row.name,
    format: FormatName.parse(row.format),
    subformat: row.subformat,
    virtualSize: row.virtualSize,
    allocated: row.allocated,
    fileSize: row.fileSize,
    contents: row.contents,
    strip: row.strip,
    chainLength: row.chainLength,
    reclaimable: row.reclaimable,
    findings: { block: row.blocks, warn: row.warns, info: row.infos },
    modifiedAt: row.modifiedAt,
    provenAt: row.provenAt,
    // Rows are published while their host speaks; who lists them asks whether it still does.
    hostState: 'connected',
  }
}
