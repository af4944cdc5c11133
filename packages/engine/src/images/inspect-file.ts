import type { ImageReport } from '@varve/core/image/image-report'
import { inspectImage, type InspectOptions } from '@varve/core/layers/inspect-image'
import { filesOfReport, findInUse } from '../in-use/find-in-use.ts'
import { nodePorts } from '../ports/ports.ts'

/**
 * Everything there is to know about the image `path`, layer by layer; damaged images give a report too. Its reads block
 * the thread: waiting for another thread would take longer than they do.
 */
export async function inspectFile(
  path: string,
  { roots, ...options }: InspectOptions & { readonly roots: readonly string[] | null },
): Promise<ImageReport> {
  return inspectImage(path, nodePorts({ roots, io: 'sync' }), options)
}

/** As `inspectFile`, with a finding for each file of the image that others may write to. */
export async function inspectFileInUse(
  path: string,
  options: InspectOptions & { readonly roots: readonly string[] | null },
): Promise<ImageReport> {
  let parts: readonly string[] = []
  const onParts = (paths: readonly string[]) => {
    parts = paths
    options.onParts?.(paths)
  }
  const report = await inspectFile(path, { ...options, onParts })
  const found = await findInUse(filesOfReport(report, parts))
  return { ...report, problems: [...report.problems, ...found] }
}
