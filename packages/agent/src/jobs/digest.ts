import { digestDisk } from '@varve/engine/disks/digest-disk'
import { toldParents } from '../library/inspect-told.ts'
import { findLibrary, resolveImage } from '../library/library-path.ts'
import type { JobHandler } from './job-context.ts'
import { manifestUpload } from './manifest-upload.ts'

/** Reads the whole disk and proves what it holds. */
export const digestJob: JobHandler<'digest'> = async (request, context) => {
  const { ports, signal } = context
  const library = findLibrary(ports.libraries, request.library)
  const path = await resolveImage(library, request.name)
  const format = ports.formats.of(library.name, request.name)?.format ?? null
  const told = await toldParents(path, { format, choices: request.reading }, ports)
  const roots = ports.libraries.map(({ root }) => root)
  const { manifest, digest, virtualSize, dataBytes, seconds } = await digestDisk(
    { kind: 'image', path, roots, format, choices: request.reading, told },
    {
      signal,
      workers: ports.workers,
      pool: ports.pool,
      inUse: request.inUse,
      onProgress: context.onTransfer({ input: 'source' }),
    },
  )
  context.attachManifest(manifestUpload(digest, manifest))
  return { kind: 'digest', digest, virtualSize, dataBytes, seconds }
}
