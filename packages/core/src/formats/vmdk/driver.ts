import { DiskError } from '../../problems/disk-error.ts'
import { isRecognisedAs } from '../../image/detect-format.ts'
import type { FormatDriver } from '../../image/format-driver.ts'
import { inspectVmdk } from './inspect.ts'
import { readVmdkMetadata, refusalOf } from './metadata.ts'
import { openExtents } from './open-extents.ts'
import { checkVmdk } from './check.ts'
import { rescueStream } from './rescue-stream.ts'
import { repointVmdk } from './repoint.ts'

/** VMDK: hosted sparse (also stream-optimized), vmfsSparse, seSparse, flat and zero extents, alone or split, with delta links by CID. */
export const vmdkDriver: FormatDriver = {
  format: 'vmdk',
  recognises: (ends) => isRecognisedAs('vmdk', ends),
  inspect: inspectVmdk,
  rescue: rescueStream,
  check: checkVmdk,
  repoint: repointVmdk,
  async openLayer(file, ports, choices) {
    const metadata = await readVmdkMetadata(file, ports)
    const refusal = refusalOf(metadata, file.path)
    if (refusal) throw refusal
    await using stack = new AsyncDisposableStack()
    const extents = stack.use(await openExtents(file, metadata, ports, choices))
    const { disk, faults, parts } = extents
    if (disk === null) {
      throw (
        faults[0] ??
        new DiskError('corrupt', { file: file.path, structure: 'VMDK', reason: 'it has no extents' })
      )
    }
    const release = stack.move()
    return { disk, parts, [Symbol.asyncDispose]: () => release.disposeAsync() }
  },
}
