import { parseUuid } from '../../binary/derive-uuid.ts'
import type { FileWrite } from '../../image/disk-writer.ts'
import { nameOf } from '../../image/folder-of.ts'
import { assertPlainPath, assertSameFormat, notNameable, type ParentImage } from '../../image/parent-image.ts'
import { locatorEntry, locatorsSize, sectorSize, timeOfMark, type DynamicHeader } from './header.ts'

/** How a dynamic header names its parent, and what goes elsewhere for it. */
export interface NamedParent {
  readonly fields: Pick<
    DynamicHeader,
    'parentUniqueId' | 'parentTimeStamp' | 'parentUnicodeName' | 'locators'
  >
  readonly locators: readonly { readonly code: string; readonly text: string }[]
  /** The paths, in whole sectors. */
  readonly writes: readonly FileWrite[]
  /** Where they end. */
  readonly end: number
}

/**
 * Names `parent` in the image `file`: its UUID and time stamp, its name, both locators that programs read (`W2ru`, `W2ku`),
 * whose paths go to byte `at`. Throws `refused` for a parent that cannot be named.
 */
export function nameParent(file: string, parent: ParentImage, at: number): NamedParent {
  assertSameFormat(file, 'vhd', parent)
  const { identity } = parent.facts
  if (identity.kind !== 'uuid')
    throw notNameable(file, 'it has no UUID', 'Write the new parent anew with varve convert.')
  assertPlainPath(file, parent)
  const absolute = parent.path.replaceAll('/', '\\')
  const relative = parent.relative === null ? null : withDot(parent.relative).replaceAll('/', '\\')
  const wanted = [
    ...(relative === null ? [] : [{ code: 'W2ru', text: relative }]),
    { code: 'W2ku', text: parent.path.startsWith('/') ? parent.path : absolute },
  ]
  const { locators, writes, end } = placeLocators(wanted, at)
  return {
    fields: {
      parentUniqueId: parseUuid(identity.uuid),
      parentTimeStamp: timeOf(parent),
      parentUnicodeName: unicodeName(nameOf(parent.path)),
      locators,
    },
    locators: wanted,
    writes,
    end,
  }
}

function withDot(relative: string): string {
  return relative.startsWith('.') ? relative : `./${relative}`
}

/** The time that the parent says of itself, or that of its file. */
function timeOf({ facts: { content }, modifiedMs }: ParentImage): number {
  return timeOfMark(content?.kind === 'time' ? content.ms : modifiedMs)
}

function unicodeName(name: string): Uint8Array {
  const bytes = new Uint8Array(512)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < Math.min(name.length, 255); index += 1)
    view.setUint16(index * 2, name.charCodeAt(index))
  return bytes
}

interface Placed {
  readonly locators: Uint8Array
  readonly writes: readonly FileWrite[]
  readonly end: number
}

/**
 * Puts the paths into new room at the end: what an entry of a damaged image calls its own may be a block. Locators that
 * would name the old parent go.
 */
function placeLocators(wanted: NamedParent['locators'], at: number): Placed {
  const locators = new Uint8Array(locatorsSize)
  const writes: FileWrite[] = []
  let end = at
  for (const [index, { code, text }] of wanted.entries()) {
    const bytes = utf16le(text)
    const room = new Uint8Array(Math.ceil(bytes.length / sectorSize) * sectorSize)
    room.set(bytes)
    writes.push({ at: end, bytes: room })
    const entry = locatorEntry.write({
      platformCode: code,
      platformDataSpace: room.length,
      platformDataLength: bytes.length,
      platformDataOffset: end,
    })
    locators.set(entry, index * locatorEntry.size)
    end += room.length
  }
  return { locators, writes, end }
}

function utf16le(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < text.length; index += 1) view.setUint16(index * 2, text.charCodeAt(index), true)
  return bytes
}
