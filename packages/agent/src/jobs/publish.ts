import { DiskError } from '@varve/core/problems/disk-error'
import { fileIdentity } from '@varve/engine/staging/file-identity'
import type { JobHandler } from './job-context.ts'
import type { Publication } from './publications.ts'
import { stagingOf, withStaging } from './pull-target.ts'

/** Gives what was pulled its final names, never in the place of another file. Repeated after it was done, it succeeds. */
export const publishJob: JobHandler<'publish'> = async (request, { ports }) => {
  const { pullId } = request
  const { finalPath, library } = stagingOf(ports, request)
  const known = ports.publications.find(pullId)
  await withStaging(ports, request, async ({ staging, finalPath: held }) => {
    if ((await fileIdentity(staging.hidden)) === null) {
      const isOurs = known?.path === finalPath && inodeOf(known) === (await fileIdentity(held))
      if (!isOurs) throw new DiskError('part-missing', { file: finalPath })
      return
    }
    // Cut off before, it may have given names already: what was remembered then stays.
    if (known?.path !== finalPath)
      await ports.publications.add({ pullId, path: finalPath, file: await staging.identity() })
    await staging.publish({ file: null, durability: 'synced' })
    ports.onLibraryChanged(library)
  })
  return { kind: 'publish', path: finalPath }
}

/** Of a version that wrote the device before it, too. */
function inodeOf({ file }: Publication): string {
  return file.slice(file.lastIndexOf(':') + 1)
}
