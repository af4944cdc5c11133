import { readRange } from '../../binary/byte-source.ts'
import { formatUuid } from '../../binary/uuid.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { notNameable } from '../../image/parent-image.ts'
import { changedRuns, type NewParent, type RepointPlan } from '../../image/repoint.ts'
import { checksumAt, checksumOf, dynamicHeader, footerSize } from './header.ts'
import { damaged, readVhdMetadata } from './metadata.ts'
import { nameParent } from './name-parent.ts'

/**
 * The dynamic header with another parent: its UUID and time stamp, its name, both locators that programs read (`W2ru`,
 * `W2ku`). The paths go behind the last block, and the footer behind them.
 */
export async function repointVhd(file: ImageFile, parent: NewParent): Promise<RepointPlan> {
  const { path, source } = file
  const { footer, blocks } = await readVhdMetadata(file)
  if (blocks === null || footer.dataOffset === null)
    throw notNameable(path, 'a fixed disk has no parent', 'Nothing is to be done.')
  const headerAt = footer.dataOffset
  const old = await readRange(source, { start: headerAt, end: headerAt + dynamicHeader.size })
  const tail = await readRange(source, { start: Math.max(0, source.size - footerSize), end: source.size })
  if (String.fromCharCode(...tail.subarray(0, 8)) !== 'conectix')
    throw damaged(path, 'VHD footer', 'the one at the end is missing: repair it first', source.size)
  const named = nameParent(path, parent, source.size - footerSize)
  const now = sealed({ ...dynamicHeader.read(old, path), ...named.fields })
  return {
    says: [
      `It names ${named.locators.map(({ code, text }) => `${code} ${JSON.stringify(text)}`).join(', ')}, UUID ${formatUuid(named.fields.parentUniqueId)}.`,
      'Its footer moves behind the new paths.',
    ],
    writes: [...changedRuns(old, now, headerAt), ...named.writes, { at: named.end, bytes: tail }].toSorted(
      (a, b) => a.at - b.at,
    ),
  }
}

function sealed(header: Parameters<typeof dynamicHeader.write>[0]): Uint8Array {
  const bytes = dynamicHeader.write({ ...header, checksum: 0 })
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(
    checksumAt.dynamicHeader,
    checksumOf(bytes, checksumAt.dynamicHeader),
  )
  return bytes
}
