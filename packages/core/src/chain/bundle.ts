import { isDiskError, type DiskError } from '../problems/disk-error.ts'
import { brokenBundle } from './broken-bundle.ts'
import { folderOf } from '../image/folder-of.ts'
import type { ImageFile, ImageFiles } from '../image/image-files.ts'
import { descriptorName } from '../formats/parallels/descriptor-name.ts'

/** What lies in a folder that is one image, in lower case, and the file that describes it. */
const bundleKinds: readonly { readonly descriptor: string; readonly needs: readonly string[] }[] = [
  { descriptor: descriptorName.toLowerCase(), needs: [descriptorName.toLowerCase()] },
  { descriptor: 'info.plist', needs: ['info.plist', 'bands'] },
  { descriptor: 'info.bckup', needs: ['info.bckup', 'bands'] },
  { descriptor: 'config.plist', needs: ['config.plist', 'data'] },
  { descriptor: 'config.plist', needs: ['config.plist', 'images'] },
  { descriptor: 'config.pvs', needs: ['config.pvs'] },
]

/**
 * Opens an image by its path. A folder that is a bundle (Parallels `.hdd`, `.pvm`, UTM, `.sparsebundle`, `.backupbundle`) is opened as
 * the file that describes it, and so is the empty file that Parallels leaves in its bundles; a folder that promises one
 * but is none throws what is wrong with it, any other is no image.
 */
export async function openImageFile(path: string, files: ImageFiles): Promise<ImageFile> {
  let file: ImageFile
  try {
    file = await files.open(path)
  } catch (error) {
    if (!isDiskError(error, 'not-an-image')) throw error
    const descriptor = await descriptorIn(path, files)
    if (descriptor !== null) return await files.open(descriptor)
    throw isFolder(error) ? ((await brokenBundle(path, files)) ?? error) : error
  }
  if (file.source.size > 0) return file
  const names = await files.list(folderOf(file.path))
  const descriptor = names.find((name) => name.toLowerCase() === descriptorName.toLowerCase())
  const own = file.path.slice(folderOf(file.path).length)
  // An empty descriptor is not followed to itself.
  if (descriptor === undefined || own.endsWith(descriptor)) return file
  await file[Symbol.asyncDispose]()
  return await files.open(files.resolve(file.path, descriptor))
}

/** Pipes, sockets and terminals are no images either. */
function isFolder({ details }: DiskError<'not-an-image'>): boolean {
  return /folder|directory/u.test(details.reason)
}

/** Names differ in case where a bundle came over a share or an archive that does not keep it. */
async function descriptorIn(path: string, files: ImageFiles): Promise<string | null> {
  const folder = path.replace(/(?<=.)[\\/]+$/u, '')
  const names = new Map((await files.list(folder)).map((name) => [name.toLowerCase(), name]))
  const kind = bundleKinds.find(({ needs }) => needs.every((name) => names.has(name)))
  return kind ? `${folder}/${names.get(kind.descriptor) ?? kind.descriptor}` : null
}
