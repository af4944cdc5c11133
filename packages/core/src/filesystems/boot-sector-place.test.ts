import { describe, expect, test } from 'vitest'
import { GuestDisk } from '../guest/guest-region.ts'
import { sparseDisk } from '../testing/sparse-disk.ts'
import { bootSectorsAt } from './boot-sector-place.ts'

const mib = 1024 ** 2
const [from, to] = [mib, 40 * mib]
const size = 8 * mib

type Made = 'ntfs' | 'fat32' | 'fat16' | 'other'

function sector(kind: Made, hidden: number, more: (view: DataView, bytes: Uint8Array) => void = () => {}) {
  const bytes = new Uint8Array(512)
  const view = new DataView(bytes.buffer)
  const put = (text: string, at: number) => bytes.set(new TextEncoder().encode(text), at)
  view.setUint16(11, 512, true)
  view.setUint32(28, hidden, true)
  view.setUint16(510, 0xaa55, true)
  if (kind === 'ntfs') put('NTFS    ', 3)
  if (kind === 'ntfs') view.setBigUint64(40, BigInt(size / 512 - 1), true)
  if (kind === 'fat32') put('FAT32   ', 82)
  if (kind === 'fat32') view.setUint16(50, 6, true)
  if (kind === 'fat16') put('FAT16   ', 54)
  more(view, bytes)
  return bytes
}

async function piecesOf(first: Uint8Array, copy: { at: number; bytes: Uint8Array } | null = null) {
  const patches = [{ at: to, bytes: first }, ...(copy ? [{ at: to + copy.at, bytes: copy.bytes }] : [])]
  const region = new GuestDisk(sparseDisk(64 * mib, patches)).region([{ start: to, length: size }])
  return await bootSectorsAt(region, { from, to, sectorSize: 512 })
}

const told = (pieces: readonly { at: number; bytes: Uint8Array }[]) =>
  pieces.map(({ at, bytes }) => [at, new DataView(bytes.buffer).getUint32(28, true)])

describe('boot sectors of a partition that was moved', () => {
  test.each<[Made, number]>([
    ['ntfs', size - 512],
    ['fat32', 6 * 512],
  ])('%s: the copy and the first say where it begins; nothing else changes', async (kind, at) => {
    const first = sector(kind, from / 512)
    const pieces = await piecesOf(first, { at, bytes: first })
    expect(told(pieces)).toEqual([
      [at, to / 512],
      [0, to / 512],
    ])
    const [, written] = pieces
    const rest = (bytes: Uint8Array) => [...bytes.subarray(0, 28), ...bytes.subarray(32)]
    expect(rest(written?.bytes ?? new Uint8Array())).toEqual(rest(first))
  })

  test('FAT16 has no copy; what lies where a copy would be is not written to unless it is one', async () => {
    expect(told(await piecesOf(sector('fat16', from / 512)))).toEqual([[0, to / 512]])
    const other = { at: 6 * 512, bytes: sector('fat32', 1) }
    expect(told(await piecesOf(sector('fat32', from / 512), other))).toEqual([[0, to / 512]])
  })

  test('what says another place, or is no such filesystem, stays as it is', async () => {
    expect(await piecesOf(sector('ntfs', 0))).toEqual([])
    expect(await piecesOf(sector('other', from / 512))).toEqual([])
    expect(await piecesOf(new Uint8Array(512))).toEqual([])
  })

  test('a copy beyond the end is none', async () => {
    for (const sectors of [0n, 2n ** 64n - 1n]) {
      const first = sector('ntfs', from / 512, (view) => view.setBigUint64(40, sectors, true))
      expect(told(await piecesOf(first))).toEqual([[0, to / 512]])
    }
  })
})
