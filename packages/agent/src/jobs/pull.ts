import { convertDisk } from '@varve/engine/disks/convert-disk'
import type { JobHandler } from './job-context.ts'
import { manifestUpload } from './manifest-upload.ts'
import { assertFree, kindOf, namedFinally, stagingOf, withStaging } from './pull-target.ts'
import { exportedStream } from './stream-of.ts'

/** Reads an export and writes it where its image is staged, flushed. Starts afresh when repeated; leaves nothing when it fails. */
export const pullJob: JobHandler<'pull'> = async (request, context) => {
  const { format, compression, choices } = request
  const { ports } = context
  const subformat = kindOf(request)
  const stream = exportedStream(request, ports.here.actions.membership?.() ?? null)
  const { hidden } = stagingOf(ports, request).staging
  return ports.pulls.run(hidden, context.signal, async (signal) => {
    const { manifest, readBytes, zeroBytes, ...done } = await withStaging(ports, request, async (target) => {
      const { staging } = target
      await assertFree(target, request)
      await staging.prepare()
      return await namedFinally(target, async () => {
        try {
          return await convertDisk(
            stream,
            { path: staging.path, name: request.target.name, format, subformat, compression, choices },
            {
              signal,
              workers: ports.workers,
              pool: ports.pool,
              onProgress: context.onTransfer({ input: 'wire' }),
            },
          )
        } catch (error) {
          await staging.discard()
          throw error
        }
      })
    })
    const { digest, virtualSize, fileSize, seconds } = done
    context.attachManifest(manifestUpload(digest, manifest))
    const moved = { transferredBytes: readBytes, skippedBytes: zeroBytes, fileSize, seconds }
    return { kind: 'pull', digest, virtualSize, ...moved }
  })
}
