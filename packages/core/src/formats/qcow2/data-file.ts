import { DiskError } from '../../problems/disk-error.ts'
import type { ImageFiles } from '../image-files.ts'
import { referenceOpener, type TakenReference } from '../open-reference.ts'

/** Opens the external data file `name` of the image `from`; throws `extent-file-missing`, `reference-refused`, `not-readable`… */
export async function openDataFile(files: ImageFiles, from: string, name: string): Promise<TakenReference> {
  try {
    return await referenceOpener({ from, files, namesDrivers: true })([name])
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'not-found') throw error
    throw new DiskError('extent-file-missing', { file: from, extent: name }, { cause: error })
  }
}
