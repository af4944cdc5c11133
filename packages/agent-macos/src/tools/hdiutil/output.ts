import type { ToolOutput } from '@varve/agent/tools/tool-command'
import { arrayAt, dictionaryAt, sizeAt, stringAt } from '@varve/core/text/property-list'
import type { PropertyDictionary } from '@varve/core/text/property-value'
import { answeredList, deviceNamed, dictionariesIn, noAnswer, type Asked } from '../plist-output.ts'

/** A disk, or a part of one, that came with an image. */
export interface DiskEntity {
  readonly device: string
  /** As Apple names it, or the UUID of a type of GPT. */
  readonly content: string | null
  readonly mountPoint: string | null
}

/** An image that is attached. */
export interface AttachedImage {
  /** As who attached it named it. */
  readonly path: string
  readonly isWriteable: boolean
  readonly isEncrypted: boolean
  /** The process that answers for it; null: not told. */
  readonly pid: number | null
  readonly size: number | null
  readonly entities: readonly DiskEntity[]
}

const asked: Asked = { tool: 'hdiutil', file: 'hdiutil' }

/** `hdiutil info -plist`: without images the key is absent, or its array empty. What has no path or no disk is passed over. */
export function parseInfo(output: ToolOutput): readonly AttachedImage[] {
  const list = answeredList(output, asked)
  if (list.has('images') && arrayAt(list, 'images') === null)
    throw noAnswer(output, asked, 'its images are no array')
  return dictionariesIn(arrayAt(list, 'images')).flatMap((image) => {
    const path = stringAt(image, 'image-path')
    const entities = entitiesIn(image)
    if (path === null || entities.length === 0) return []
    const [blocks, blockSize] = [sizeAt(image, 'blockcount'), sizeAt(image, 'blocksize')]
    return [
      {
        path,
        // What does not say that it is read-only may be written to.
        isWriteable: image.get('writeable') !== false,
        isEncrypted: image.get('image-encrypted') === true,
        pid: sizeAt(image, 'hdid-pid'),
        size: blocks === null || blockSize === null ? null : safeSize(blocks * blockSize),
        entities,
      },
    ]
  })
}

/** `hdiutil attach -plist`, and `diskutil image attach --plist`, whose devices have no folder. */
export function parseAttached(output: ToolOutput, about: Asked): readonly DiskEntity[] {
  const entities = entitiesIn(answeredList(output, about))
  if (entities.length === 0) throw noAnswer(output, about, 'it names no disk')
  return entities
}

export interface ImageInfo {
  /** Such as `UDZO`, `UDRW`, `UDSP`, `UDSB`. */
  readonly format: string | null
  readonly className: string | null
  readonly size: number | null
  readonly isEncrypted: boolean
  /** It asks for consent to a licence before it is attached. */
  readonly hasLicence: boolean
  /** In sectors of `blockSize`. */
  readonly partitions: readonly {
    readonly name: string | null
    readonly hint: string | null
    readonly start: number
    readonly length: number
  }[]
  readonly blockSize: number
}

/** `hdiutil imageinfo -plist`. */
export function parseImageInfo(output: ToolOutput, file: string): ImageInfo {
  const list = answeredList(output, { ...asked, file })
  const size = dictionaryAt(list, 'Size Information')
  const properties = dictionaryAt(list, 'Properties')
  const table = dictionaryAt(list, 'partitions')
  const sectors = size && sizeAt(size, 'Sector Count')
  return {
    format: stringAt(list, 'Format'),
    className: stringAt(list, 'Class Name'),
    size: (size && sizeAt(size, 'Total Bytes')) ?? (sectors === null ? null : safeSize(sectors * 512)),
    isEncrypted: properties?.get('Encrypted') === true,
    hasLicence: properties?.get('Software License Agreement') === true,
    blockSize: (table && sizeAt(table, 'block-size')) ?? 512,
    partitions: dictionariesIn(table && arrayAt(table, 'partitions')).flatMap((one) => {
      const [start, length] = [sizeAt(one, 'partition-start'), sizeAt(one, 'partition-length')]
      if (start === null || length === null) return []
      return [{ name: stringAt(one, 'partition-name'), hint: stringAt(one, 'partition-hint'), start, length }]
    }),
  }
}

/** `hdiutil isencrypted -plist`; throws when it does not say. */
export function parseIsEncrypted(output: ToolOutput, file: string): boolean {
  const about = { ...asked, file }
  const said = answeredList(output, about).get('encrypted')
  if (typeof said === 'boolean') return said
  throw noAnswer(output, about, 'it does not say whether the image is encrypted')
}

function entitiesIn(list: PropertyDictionary): readonly DiskEntity[] {
  return dictionariesIn(arrayAt(list, 'system-entities')).flatMap((entity) => {
    const device = deviceNamed(stringAt(entity, 'dev-entry'))
    if (device === null) return []
    const mountPoint = stringAt(entity, 'mount-point')
    return [{ device, content: stringAt(entity, 'content-hint'), mountPoint: mountPoint || null }]
  })
}

const safeSize = (size: number) => (Number.isSafeInteger(size) ? size : null)
