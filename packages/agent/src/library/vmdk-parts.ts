import { readRange } from '@varve/core/binary/byte-source'
import { headLength, looksLikeVmdkDescriptor } from '@varve/core/image/detect-format'
import type { ImageFiles } from '@varve/core/image/image-files'
import { referenceOpener, type OpenReference } from '@varve/core/image/open-reference'
import { maxDescriptorSize, parseDescriptor } from '@varve/core/formats/vmdk/descriptor'
import { isDiskError } from '@varve/core/problems/disk-error'

/** True for files that may be the text that describes a split or flat VMDK. */
export function mayBeDescriptor(file: { readonly name: string; readonly size: number }): boolean {
  return file.name.toLowerCase().endsWith('.vmdk') && file.size <= maxDescriptorSize
}

/** The absolute paths of the files that a VMDK text descriptor names as its parts: extents, and what tracks changes; none for any other file. */
export async function namedParts(files: ImageFiles, path: string): Promise<string[]> {
  try {
    await using file = await files.open(path)
    const { source } = file
    if (source.size === 0 || source.size > maxDescriptorSize) return []
    const head = await readRange(source, { start: 0, end: Math.min(headLength, source.size) }, 'descriptor')
    if (!looksLikeVmdkDescriptor(head)) return []
    const bytes = await readRange(source, { start: 0, end: source.size }, 'descriptor')
    const { extents, changeTrackPath } = parseDescriptor(bytes, path)
    const open = referenceOpener({ from: path, files })
    const parts: string[] = []
    for (const name of [...extents.map((extent) => extent.name), changeTrackPath])
      if (name !== null) parts.push(...(await pathOf(name, open)))
    return parts
  } catch (error) {
    // A descriptor that cannot be read is reported when it is inspected.
    if (isDiskError(error)) return []
    throw error
  }
}

/** Where the part is; none when it is not there, cannot be opened, or is no file. */
async function pathOf(name: string, open: OpenReference): Promise<string[]> {
  try {
    await using part = (await open([name])).file
    return [part.path]
  } catch (error) {
    if (isDiskError(error)) return []
    throw error
  }
}
