import { rm } from 'node:fs/promises'
import { writeError } from '@varve/engine/files/system-error'
import { convertDisk } from '@varve/engine/convert-disk'
import type { JobHandler } from './job-context.ts'
import { manifestUpload } from './manifest-upload.ts'
import { assertFree, kindOf, namedFinally, partPathOf } from './pull-target.ts'
import { failingAlike, streamOf } from './stream-of.ts'

/** Reads an export and writes it as a part file, flushed. Starts afresh when repeated; leaves no file when it fails. */
export const pullJob: JobHandler<'pull'> = async (request, context) => {
  const { format, compression, choices } = request
  const { ports } = context
  const target = partPathOf(ports, request)
  const { partPath } = target
  const subformat = kindOf(request)
  return ports.pulls.run(partPath, context.signal, async (signal) => {
    await assertFree(target)
    await rm(partPath, { force: true }).catch((error: unknown) => {
      throw writeError(error, target.finalPath)
    })
    const { manifest, readBytes, zeroBytes, ...done } = await namedFinally(target, () =>
      convertDisk(
        failingAlike(streamOf(request)),
        { path: partPath, name: request.target.name, format, subformat, compression, choices },
        {
          signal,
          workers: ports.workers,
          pool: ports.pool,
          onProgress: context.onTransfer({ input: 'wire' }),
        },
      ),
    )
    const { digest, virtualSize, fileSize, seconds } = done
    context.attachManifest(manifestUpload(digest, manifest))
    const moved = { transferredBytes: readBytes, skippedBytes: zeroBytes, fileSize, seconds }
    return { kind: 'pull', digest, virtualSize, ...moved }
  })
}
