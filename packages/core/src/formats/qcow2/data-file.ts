import { DiskError } from '../../problems/disk-error.ts'
import type { ImageFile, ImageFiles } from '../image-files.ts'

/** Opens the external data file `name` of the image `from`; throws `extent-file-missing`, `reference-refused`, `not-readable`… */
export async function openDataFile(files: ImageFiles, from: string, name: string): Promise<ImageFile> {
  try {
    return await files.open(files.resolve(from, name))
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'not-found') throw error
    throw new DiskError('extent-file-missing', { file: from, extent: name }, { cause: error })
  }
}
