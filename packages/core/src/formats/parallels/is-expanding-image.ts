import { isDiskError } from '../../problems/disk-error.ts'
import { nameOf } from '../../image/folder-of.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { descriptorName } from './descriptor-name.ts'
import { readDescriptor } from './descriptor.ts'

/**
 * Whether the descriptor beside a file without any mark says that it is not plain bytes: it calls it compressed, or it
 * cannot be understood. False without a descriptor: a plain image may lie anywhere.
 */
export async function isExpandingImage(file: ImageFile, { files }: ImagePorts): Promise<boolean> {
  try {
    await using opened = await files.open(files.resolve(file.path, descriptorName))
    const { readXml } = await import('../../text/xml.ts')
    const { storages } = readDescriptor(await readXml(opened, 'Parallels disk descriptor'), opened.path)
    const own = nameOf(file.path).toLowerCase()
    const images = storages.flatMap(({ images }) => images)
    return images.some(({ file: name, type }) => nameOf(name).toLowerCase() === own && type === 'Compressed')
  } catch (error) {
    if (!isDiskError(error)) throw error
    return error.code !== 'not-found'
  }
}
