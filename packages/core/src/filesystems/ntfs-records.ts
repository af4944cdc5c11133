/** A stretch of clusters of a file; `cluster` is null for a hole. */
export interface ClusterRun {
  readonly cluster: number | null
  readonly clusters: number
}

export type NtfsAttribute =
  | { readonly kind: 'resident'; readonly value: Uint8Array }
  | { readonly kind: 'non-resident'; readonly runs: readonly ClusterRun[] }

/** A file record whose end-of-sector marks were checked and taken out. */
export interface FileRecord {
  readonly bytes: Uint8Array
  readonly view: DataView
}

const sectorSize = 512
const maxAttributes = 64
const maxRuns = 4096

/**
 * File record `index` of the file table's beginning; null when it is none or its update sequence does not fit
 * (Linux-NTFS documentation, "File Record" and "Fixup").
 */
export function readFileRecord(mft: Uint8Array, index: number, recordSize: number): FileRecord | null {
  if ((index + 1) * recordSize > mft.length) return null
  return readFixedUp(mft.subarray(index * recordSize, (index + 1) * recordSize), 'FILE')
}

/** A copy of a structure that is guarded by an update sequence, with its sectors' ends put back; null when it is damaged. */
export function readFixedUp(guarded: Uint8Array, signature: 'FILE' | 'INDX'): FileRecord | null {
  const bytes = guarded.slice()
  const view = new DataView(bytes.buffer)
  if (bytes.length < sectorSize || String.fromCharCode(...bytes.subarray(0, 4)) !== signature) return null
  const sequenceAt = view.getUint16(4, true)
  const count = view.getUint16(6, true)
  if (count !== bytes.length / sectorSize + 1 || sequenceAt + 2 * count > bytes.length) return null
  const mark = view.getUint16(sequenceAt, true)
  for (let sector = 1; sector < count; sector += 1) {
    const at = sector * sectorSize - 2
    if (view.getUint16(at, true) !== mark) return null
    view.setUint16(at, view.getUint16(sequenceAt + 2 * sector, true), true)
  }
  return { bytes, view }
}

/** The first attribute of that type and name ("Attributes"), without `name` the first unnamed one; or null. */
export function findAttribute({ bytes, view }: FileRecord, type: number, name = ''): NtfsAttribute | null {
  let at = view.getUint16(20, true)
  for (let count = 0; count < maxAttributes && at + 24 <= bytes.length; count += 1) {
    const found = view.getUint32(at, true)
    const length = view.getUint32(at + 4, true)
    if (found === 0xffff_ffff || length < 24 || at + length > bytes.length) return null
    const attribute = bytes.subarray(at, at + length)
    if (found === type && attributeName(attribute) === name) return decodeAttribute(attribute)
    at += length
  }
  return null
}

/** Up to 8 characters: longer names are none that is looked for. */
function attributeName(attribute: Uint8Array): string | null {
  const length = attribute[9] ?? 0
  const at = (attribute[10] ?? 0) | ((attribute[11] ?? 0) << 8)
  if (length > 8 || at + 2 * length > attribute.length) return null
  return utf16(attribute.subarray(at, at + 2 * length))
}

/** Code units as a string, unpaired surrogates kept. */
export function utf16(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    text += String.fromCharCode((bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8))
  }
  return text
}

function decodeAttribute(attribute: Uint8Array): NtfsAttribute | null {
  const view = new DataView(attribute.buffer, attribute.byteOffset, attribute.length)
  if (attribute[8] === 0) {
    const length = view.getUint32(16, true)
    const at = view.getUint16(20, true)
    return at + length <= attribute.length
      ? { kind: 'resident', value: attribute.subarray(at, at + length) }
      : null
  }
  if (attribute.length < 64) return null
  const runs = decodeRuns(attribute.subarray(view.getUint16(32, true)))
  return runs && { kind: 'non-resident', runs }
}

/** "Data Runs": each a byte of two lengths, a count of clusters, and a signed step from the run before. */
export function decodeRuns(list: Uint8Array): ClusterRun[] | null {
  const runs: ClusterRun[] = []
  let cluster = 0
  for (let at = 0; ;) {
    const lengths = list[at]
    if (lengths === undefined || runs.length > maxRuns) return null
    if (lengths === 0) return runs
    const countLength = lengths & 0xf
    const stepLength = lengths >> 4
    const next = at + 1 + countLength + stepLength
    if (countLength === 0 || countLength > 6 || stepLength > 6 || next > list.length) return null
    const clusters = integer(list.subarray(at + 1, at + 1 + countLength), { signed: false })
    if (stepLength === 0) {
      runs.push({ cluster: null, clusters })
    } else {
      cluster += integer(list.subarray(at + 1 + countLength, next), { signed: true })
      if (cluster < 0) return null
      runs.push({ cluster, clusters })
    }
    at = next
  }
}

function integer(littleEndian: Uint8Array, { signed }: { readonly signed: boolean }): number {
  let value = 0
  for (const byte of littleEndian.toReversed()) value = value * 256 + byte
  const isNegative = signed && ((littleEndian.at(-1) ?? 0) & 0x80) !== 0
  return isNegative ? value - 256 ** littleEndian.length : value
}
