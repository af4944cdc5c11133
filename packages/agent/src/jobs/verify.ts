import { DiskError } from '@varve/core/problems/disk-error'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import type { JobHandler } from './job-context.ts'
import { manifestUpload } from './manifest-upload.ts'
import { namedFinally, stagingOf } from './pull-target.ts'

/** Reads the part file back as a disk of the format it was written in, and compares its digest with the expected one. */
export const verifyJob: JobHandler<'verify'> = async (request, context) => {
  const { expected, format } = request
  const { ports, signal } = context
  const target = stagingOf(ports, request)
  const { staging, finalPath, library } = target
  const { manifest, digest, ...rest } = await namedFinally(target, () =>
    digestDisk(
      // The format is said, never guessed: the guest's data may look like any header.
      { kind: 'image', path: staging.path, roots: [library.root], format },
      {
        signal,
        workers: ports.workers,
        pool: ports.pool,
        onProgress: context.onTransfer({ input: 'source', before: 'written' }),
      },
    ),
  )
  if (digest !== expected) {
    throw new DiskError('digest-mismatch', { file: finalPath, expected, found: digest, chunk: null })
  }
  context.attachManifest(manifestUpload(digest, manifest))
  const { virtualSize, dataBytes, readBytes, seconds } = rest
  return { kind: 'verify', digest, virtualSize, dataBytes, readBytes, seconds }
}
