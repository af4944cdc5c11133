import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import type { StoredDrive } from './choose-drive.ts'

/** Where a drive's image lies; throws `extent-file-missing` when nothing is there, `reference-refused` for what is no name in the folder. */
export async function pathOfDrive(
  file: ImageFile,
  { files }: ImagePorts,
  { reference }: StoredDrive,
): Promise<string> {
  const path = files.resolve(file.path, `./${reference}`)
  try {
    await using opened = await files.open(path)
    return opened.path
  } catch (error) {
    if (isDiskError(error, 'not-found'))
      throw new DiskError('extent-file-missing', { file: file.path, extent: reference })
    // A folder: a disk of Parallels.
    if (isDiskError(error, 'not-an-image')) return path
    throw error
  }
}
