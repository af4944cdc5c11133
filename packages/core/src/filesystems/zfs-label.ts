import { labelOf } from '../binary/text.ts'
import type { FilesystemFinding } from '../guest/guest-contents.ts'
import type { GuestRegion } from '../guest/guest-region.ts'
import { filesystemFinding } from './filesystem-finding.ts'

/** ZFS On-Disk Specification, section 1.2: the name-value list of the first label. */
const listAt = 16 * 1024
/** Bytes of it that are read; it may take 112 KiB, but pools of few disks need some KiB. */
const listLength = 16 * 1024
const maxPairs = 256
const xdrEncoding = 1
/** `data_type_t` of libnvpair. */
const types = { number: 8, text: 9, list: 19 }

type NameValues = ReadonlyMap<string, string | bigint | NameValues>

/** ZFS: the pool, its identity and, where one device is the whole top-level vdev, its size. */
export async function recognise(region: GuestRegion): Promise<FilesystemFinding | null> {
  const start = await region.peek(listAt, 4)
  if (start?.[0] !== xdrEncoding) return null
  const bytes = await region.peek(listAt, Math.min(listLength, Math.max(0, region.length - listAt)))
  const list = bytes && readList(bytes, 4)?.values
  const pool = list?.get('pool_guid')
  if (!list || typeof pool !== 'bigint' || !list.has('txg')) return null
  const tree = list.get('vdev_tree')
  const vdev = typeof tree === 'object' ? tree : null
  const kind = vdev?.get('type')
  const size = vdev?.get('asize')
  const isAlone = kind === 'disk' || kind === 'file'
  const name = list.get('name')
  const count = list.get('vdev_children')
  return filesystemFinding(region, {
    type: 'zfs',
    label: typeof name === 'string' ? labelOf(new TextEncoder().encode(name)) : null,
    uuid: pool.toString(),
    size: isAlone && typeof size === 'bigint' && size <= BigInt(region.length) ? Number(size) : null,
    state: list.get('state') === poolStates.exported ? 'clean' : 'unknown',
    notes: [
      ...(list.get('state') === poolStates.exported ? ['its pool was exported'] : []),
      ...(list.get('state') === poolStates.destroyed ? ['its pool was destroyed'] : []),
      ...(typeof kind === 'string' && !isAlone ? [`one device of a ${printable(kind)}`] : []),
      ...(typeof count === 'bigint' && count > 1n ? [`its pool has ${count} such parts`] : []),
    ],
  })
}

const poolStates = { exported: 1n, destroyed: 2n }

/** An encoded list at `at`: version and flags, then pairs up to two zeros; null when it does not fit. */
function readList(bytes: Uint8Array, at: number, depth = 0): { values: NameValues } | null {
  const values = new Map<string, string | bigint | NameValues>()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let next = at + 8
  for (let count = 0; count < maxPairs && next + 8 <= bytes.length; count += 1) {
    const size = view.getUint32(next)
    if (size === 0) return { values }
    if (size < 24 || next + size > bytes.length) return values.size > 0 ? { values } : null
    const pair = readPair(bytes.subarray(next, next + size), depth)
    if (pair) values.set(pair.name, pair.value)
    next += size
  }
  return values.size > 0 ? { values } : null
}

/** Sizes encoded and decoded, name, type, number of elements, value; null for types that are not looked for. */
function readPair(pair: Uint8Array, depth: number) {
  const view = new DataView(pair.buffer, pair.byteOffset, pair.length)
  const name = textAt(pair, 8)
  if (!name || name.next + 8 > pair.length) return null
  const type = view.getUint32(name.next)
  const valueAt = name.next + 8
  if (type === types.number && valueAt + 8 <= pair.length) {
    return { name: name.text, value: view.getBigUint64(valueAt) }
  }
  if (type === types.text) {
    const found = textAt(pair, valueAt)
    return found && { name: name.text, value: found.text }
  }
  if (type !== types.list || depth > 0) return null
  const list = readList(pair, valueAt, depth + 1)
  return list && { name: name.text, value: list.values }
}

/** XDR text: its length, then its bytes padded to a multiple of four. */
function textAt(bytes: Uint8Array, at: number): { text: string; next: number } | null {
  if (at + 4 > bytes.length) return null
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at)
  if (length > 256 || at + 4 + length > bytes.length) return null
  const text = new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length))
  return { text, next: at + 4 + Math.ceil(length / 4) * 4 }
}

function printable(text: string): string {
  return text.replaceAll(/[^\u0020-\u007E]/gu, '?').slice(0, 40)
}
