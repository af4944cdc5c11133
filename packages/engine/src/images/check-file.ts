import type { CheckOptions } from '@varve/core/image/check-report'
import { checkImage, type ImageCheck } from '@varve/core/chain/check-image'
import type { FormatName } from '@varve/core/image/format-rules'
import { filesOfImage } from '../in-use/files-of-image.ts'
import { guardFiles } from '../in-use/guard-files.ts'
import { nodePorts } from '../ports/ports.ts'
import type { InUse } from '../run/run-options.ts'

export interface CheckFileOptions extends CheckOptions {
  readonly roots: readonly string[] | null
  readonly format?: FormatName | null
  /** `refuse` (the default): tables that somebody may be writing to are not judged. */
  readonly inUse?: InUse
}

/** Walks the tables of the image `path` and its links to its parents; only reads. Throws `in-use`. */
export async function checkFile(path: string, options: CheckFileOptions): Promise<ImageCheck> {
  const files = options.inUse === 'accept' ? [] : await filesOfImage(path, options)
  using guard = await guardFiles(files, options)
  const checked = await checkImage(path, nodePorts({ roots: options.roots }), options)
  await guard.assertNone()
  return checked
}
