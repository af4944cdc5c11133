import type { WriterFormat } from '@varve/core/image/disk-writer'

const noId = '00000000-0000-0000-0000-000000000000'

/** The UUID that a new image of `format` gets; of zeros where the format keeps none. */
export async function newIdentity({ hasIdentity }: Pick<WriterFormat, 'hasIdentity'>): Promise<string> {
  if (!hasIdentity) return noId
  // At first use: programs start ten milliseconds faster without it.
  const { randomUUID } = await import('node:crypto')
  return randomUUID()
}
