import type { ImageReport } from '@varve/core/image/image-report'
import { inspectImage, type InspectOptions } from '@varve/core/layers/inspect-image'
import { nodePorts } from '../ports/ports.ts'
import type { DiskInput } from '../run/requests.ts'

/** The report of what is to be read, without a walk through all its tables. */
export async function inspectInput(
  input: DiskInput,
  { signal }: Pick<InspectOptions, 'signal'> = {},
): Promise<ImageReport> {
  const options = { ...(signal && { signal }), map: false }
  if (input.kind === 'nbd') return await (await import('./inspect-export.ts')).inspectExport(input, options)
  const { path, roots, format, choices } = input
  return await inspectImage(path, nodePorts({ roots, io: 'sync' }), { format, choices, ...options })
}
