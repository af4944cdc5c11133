import type { CheckOptions } from '@varve/core/formats/check-report'
import { checkImage, type ImageCheck } from '@varve/core/formats/check-image'
import type { FormatName } from '@varve/core/formats/format-rules'
import { nodePorts } from './ports.ts'

export interface CheckFileOptions extends CheckOptions {
  readonly roots: readonly string[] | null
  readonly format?: FormatName | null
}

/** Walks the tables of the image `path` and its links to its parents; only reads. */
export async function checkFile(path: string, options: CheckFileOptions): Promise<ImageCheck> {
  return await checkImage(path, nodePorts({ roots: options.roots }), options)
}
