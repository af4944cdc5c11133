import { readRange } from '../../binary/byte-source.ts'
import { parseUuid } from '../../binary/derive-uuid.ts'
import type { FileWrite } from '../disk-writer.ts'
import type { ImageFile } from '../image-files.ts'
import { nameOf } from '../folder-of.ts'
import { assertSameFormat, changedRuns, notNameable, type NewParent, type RepointPlan } from '../repoint.ts'
import { checksumAt, checksumOf, dynamicHeader, footerSize, locatorEntry, sectorSize } from './header.ts'
import { damaged, readVhdMetadata } from './metadata.ts'

/** Seconds from 1970-01-01 to 2000-01-01, where VHD time starts. */
const epochSeconds = 946_684_800

/**
 * The dynamic header with another parent: its UUID and time stamp, its name, both locators that programs read (`W2ru`,
 * `W2ku`). The paths go behind the last block, and the footer behind them.
 */
export async function repointVhd(file: ImageFile, parent: NewParent): Promise<RepointPlan> {
  const { path, source } = file
  assertSameFormat(path, 'vhd', parent)
  const { identity } = parent.facts
  if (identity.kind !== 'uuid')
    throw notNameable(path, 'it has no UUID', 'Write the new parent anew with varve convert.')
  if (parent.path.includes('\\') && parent.path.startsWith('/'))
    throw notNameable(
      path,
      'its path has a backslash, which separates folders there',
      'Rename the new parent.',
    )
  const { footer, blocks } = await readVhdMetadata(file)
  if (blocks === null || footer.dataOffset === null)
    throw notNameable(path, 'a fixed disk has no parent', 'Nothing is to be done.')
  const headerAt = footer.dataOffset
  const old = await readRange(source, { start: headerAt, end: headerAt + dynamicHeader.size })
  const tail = await readRange(source, { start: Math.max(0, source.size - footerSize), end: source.size })
  if (String.fromCharCode(...tail.subarray(0, 8)) !== 'conectix')
    throw damaged(path, 'VHD footer', 'the one at the end is missing: repair it first', source.size)
  const absolute = parent.path.replaceAll('/', '\\')
  const relative = parent.relative === null ? null : withDot(parent.relative).replaceAll('/', '\\')
  const wanted = [
    ...(relative === null ? [] : [{ code: 'W2ru', text: relative }]),
    { code: 'W2ku', text: parent.path.startsWith('/') ? parent.path : absolute },
  ]
  const placed = placeLocators(blocks.header.locators.length, { wanted, end: source.size - footerSize })
  const now = sealed({
    ...dynamicHeader.read(old, path),
    parentUniqueId: parseUuid(identity.uuid),
    parentTimeStamp: timeOf(parent),
    parentUnicodeName: unicodeName(nameOf(parent.path)),
    locators: placed.locators,
  })
  return {
    says: [
      `It names ${wanted.map(({ code, text }) => `${code} ${JSON.stringify(text)}`).join(', ')}, UUID ${identity.uuid}.`,
      'Its footer moves behind the new paths.',
    ],
    writes: [...changedRuns(old, now, headerAt), ...placed.writes, { at: placed.end, bytes: tail }].toSorted(
      (a, b) => a.at - b.at,
    ),
  }
}

function withDot(relative: string): string {
  return relative.startsWith('.') ? relative : `./${relative}`
}

/** The time that the parent says of itself, or that of its file. */
function timeOf({ facts: { content }, modifiedMs }: NewParent): number {
  const ms = content?.kind === 'time' ? content.ms : modifiedMs
  return Math.max(0, Math.min(0xffff_ffff, Math.floor(ms / 1000) - epochSeconds))
}

function unicodeName(name: string): Uint8Array {
  const bytes = new Uint8Array(512)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < Math.min(name.length, 255); index += 1)
    view.setUint16(index * 2, name.charCodeAt(index))
  return bytes
}

interface Wanted {
  readonly wanted: readonly { readonly code: string; readonly text: string }[]
  /** Where new room begins: the footer lies there. */
  readonly end: number
}

interface Placed {
  readonly locators: Uint8Array
  readonly writes: readonly FileWrite[]
  /** Where the footer belongs now. */
  readonly end: number
}

/**
 * Puts the paths into new room at the end: what an entry of a damaged image calls its own may be a block. Locators that
 * would name the old parent go.
 */
function placeLocators(size: number, { wanted, end: firstFree }: Wanted): Placed {
  const locators = new Uint8Array(size)
  const writes: FileWrite[] = []
  let end = firstFree
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

function sealed(header: Parameters<typeof dynamicHeader.write>[0]): Uint8Array {
  const bytes = dynamicHeader.write({ ...header, checksum: 0 })
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(
    checksumAt.dynamicHeader,
    checksumOf(bytes, checksumAt.dynamicHeader),
  )
  return bytes
}
