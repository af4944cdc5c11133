import { DiskError } from '@varve/core/problems/disk-error'
import { measureDisk } from '@varve/engine/disks/measure-disk'
import type { JobHandler } from './job-context.ts'
import { exportedStream } from './stream-of.ts'
import { assertFree, kindOf, pullTarget } from './pull-target.ts'

/** Predicts what a pull will take, and refuses it when name, rights or space are not there. */
export const measureJob: JobHandler<'measure'> = async (request, { ports, signal }) => {
  const { format, compression, choices } = request
  const target = pullTarget(ports, request.target)
  await assertFree(target, request)
  const {
    required,
    dataBytes,
    chunkBytes: copyBytes,
    virtualSize,
  } = await measureDisk(exportedStream(request, ports.here.actions.membership?.() ?? null), {
    format,
    subformat: kindOf(request),
    compression,
    choices,
    signal,
  })
  const { free: available } = await ports.files.place(target.library.root)
  // What is compressed may take much less than the bound; whether it fits shows while it is written.
  if (compression === 'none' && available !== null && required > available) {
    throw new DiskError('no-space', { file: target.finalPath, wanted: required, available })
  }
  return { kind: 'measure', required, available, dataBytes, copyBytes, virtualSize }
}
