import { lstat, unlink } from 'node:fs/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { publishFile } from '@varve/engine/publish-file'
import { readError, systemCode } from '@varve/engine/files/system-error'
import type { JobHandler } from './job-context.ts'
import { partPathOf } from './pull-target.ts'

/** Gives the part file its final name, never in the place of another file. Repeated after it was done, it succeeds. */
export const publishJob: JobHandler<'publish'> = async (request, { ports }) => {
  const { pullId } = request
  const { partPath, finalPath, library } = partPathOf(ports, request)
  const [part, final] = [await identityOf(partPath), await identityOf(finalPath)]
  if (part === null) {
    const known = ports.publications.find(pullId)
    const isOurs = known !== null && known.path === finalPath && known.file === final
    if (!isOurs) throw new DiskError('part-missing', { file: finalPath })
    return { kind: 'publish', path: finalPath }
  }
  if (part === final) {
    // A system without a rename that refuses to replace was stopped between the link and the removal.
    await unlink(partPath)
  } else {
    await ports.publications.add({ pullId, path: finalPath, file: part })
    await publishFile(partPath, finalPath)
  }
  ports.onLibraryChanged(library)
  return { kind: 'publish', path: finalPath }
}

async function identityOf(path: string): Promise<string | null> {
  try {
    const { dev, ino } = await lstat(path, { bigint: true })
    return `${dev}:${ino}`
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw readError(error, path)
  }
}
