import { isDiskError } from '../problems/disk-error.ts'
import { folderOf } from './folder-of.ts'
import type { ImageFile, ImageFiles } from './image-files.ts'
import { descriptorName } from './parallels/descriptor-name.ts'

/** What lies in a folder that is one image, and the file that describes it. */
const bundleKinds: readonly { readonly descriptor: string; readonly needs: readonly string[] }[] = [
  { descriptor: descriptorName, needs: [descriptorName] },
  { descriptor: 'Info.plist', needs: ['Info.plist', 'bands'] },
  { descriptor: 'Info.bckup', needs: ['Info.bckup', 'bands'] },
]

/**
 * Opens an image by its path. A folder that is a bundle (Parallels `.hdd`, `.sparsebundle`) is opened as the file that
 * describes it, and so is the empty file that Parallels leaves in its bundles; any other folder is no image.
 */
export async function openImageFile(path: string, files: ImageFiles): Promise<ImageFile> {
  let file: ImageFile
  try {
    file = await files.open(path)
  } catch (error) {
    if (!isDiskError(error, 'not-an-image')) throw error
    const descriptor = await descriptorIn(path, files)
    if (descriptor === null) throw error
    return await files.open(descriptor)
  }
  if (file.source.size > 0) return file
  if (!(await files.list(folderOf(file.path))).includes(descriptorName)) return file
  await file[Symbol.asyncDispose]()
  return await files.open(files.resolve(file.path, descriptorName))
}

async function descriptorIn(path: string, files: ImageFiles): Promise<string | null> {
  const folder = path.replace(/(?<=.)[\\/]+$/u, '')
  const names = new Set(await files.list(folder))
  const kind = bundleKinds.find(({ needs }) => needs.every((name) => names.has(name)))
  return kind ? `${folder}/${kind.descriptor}` : null
}
