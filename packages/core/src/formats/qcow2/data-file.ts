import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import type { ImageFiles } from '../../image/image-files.ts'
import { referenceOpener, type TakenReference } from '../../image/open-reference.ts'

/** Opens the external data file `name` of the image `from`; throws `extent-file-missing`, `reference-refused`, `not-readable`… */
export async function openDataFile(files: ImageFiles, from: string, name: string): Promise<TakenReference> {
  try {
    return await referenceOpener({ from, files, namesDrivers: true })([name])
  } catch (error) {
    if (!isDiskError(error, 'not-found')) throw error
    const { candidates } = error.details
    throw new DiskError('extent-file-missing', { file: from, extent: name, candidates }, { cause: error })
  }
}
