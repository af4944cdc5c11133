import { assertInside } from '../../binary/byte-source.ts'
import { DiskError, quote } from '../../problems/disk-error.ts'
import type { InternalSnapshot } from '../../image/image-facts.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { l2TableSpan, type Qcow2Header } from './header.ts'
import { longestL1Table } from './header-faults.ts'
import { readSnapshotTable, type SnapshotEntry } from './snapshots.ts'

/** The state of the disk that is read: the current one, or that of an internal snapshot. */
export interface DiskState {
  readonly virtualSize: number
  readonly l1TableOffset: number
  /** null: the current state. */
  readonly snapshot: InternalSnapshot | null
}

/** Names of snapshots that are told, at most. */
const mostTold = 20
/** What may stand in front to say which of the two is meant. */
const idPrefix = 'id='
const namePrefix = 'name='

/**
 * Where the state lies that `asked` names (by name or id; not said: the current one). Throws `refused` when there is no
 * such snapshot or more than one, `corrupt` and `limit-exceeded` when its L1 table cannot be right.
 */
export async function findDiskState(
  { source, path }: Pick<ImageFile, 'source' | 'path'>,
  header: Qcow2Header,
  asked: string | undefined,
): Promise<DiskState> {
  if (asked === undefined)
    return { virtualSize: header.virtualSize, l1TableOffset: header.l1TableOffset, snapshot: null }
  const { entries } = await readSnapshotTable(source, header, path)
  const entry = theOne(entries, asked, path)
  const { snapshot, l1TableOffset, l1Size } = entry
  // Version 2 does not note the size: with snapshots it cannot change.
  const virtualSize = snapshot.virtualSize ?? header.virtualSize
  const damaged = (reason: string) => {
    const structure = `snapshot ${quote(snapshot.name)}`
    return new DiskError('corrupt', { file: path, structure, reason, offset: header.snapshotsOffset })
  }
  if (virtualSize % 512 !== 0) throw damaged(`its ${virtualSize} bytes are not whole sectors of 512`)
  if (l1Size * 8 > longestL1Table) {
    const what = 'bytes of the L1 table of a snapshot'
    throw new DiskError('limit-exceeded', { file: path, what, value: l1Size * 8, limit: longestL1Table })
  }
  if (l1Size < Math.ceil(virtualSize / l2TableSpan(header)))
    throw damaged(`an L1 table of ${l1Size} entries is too small for a disk of ${virtualSize} bytes`)
  if (l1Size > 0 && (l1TableOffset === 0 || l1TableOffset % header.clusterSize !== 0))
    throw damaged(`its L1 table is said to lie at ${l1TableOffset}`)
  assertInside(source, { start: l1TableOffset, end: l1TableOffset + l1Size * 8 }, 'L1 table of a snapshot')
  return { virtualSize, l1TableOffset, snapshot }
}

function theOne(entries: readonly SnapshotEntry[], asked: string, file: string): SnapshotEntry {
  const found = fitting(entries, asked)
  const [first, ...others] = found
  if (first && others.length === 0) return first
  const list = (of: readonly SnapshotEntry[]) =>
    of
      .slice(0, mostTold)
      .map(({ snapshot }) => `${quote(snapshot.name)} (id ${quote(snapshot.id)})`)
      .join(', ') + (of.length > mostTold ? ', …' : '')
  if (first) {
    const reason = `${quote(asked)} is the name or id of more than one of its snapshots: ${list(found)}`
    const remedy = `Say ${idPrefix}… or ${namePrefix}… in front: @${idPrefix}${first.snapshot.id}`
    throw new DiskError('refused', { file, reason, remedy })
  }
  const reason = `it has no internal snapshot of the name or id ${quote(asked)}`
  const remedy =
    entries.length === 0 ? 'It has none at all: name the image alone.' : `It has ${list(entries)}.`
  throw new DiskError('refused', { file, reason, remedy })
}

function fitting(entries: readonly SnapshotEntry[], asked: string): SnapshotEntry[] {
  const found = entries.filter(({ snapshot: { id, name } }) => name === asked || id === asked)
  if (found.length > 0) return found
  if (asked.startsWith(idPrefix))
    return entries.filter(({ snapshot }) => snapshot.id === asked.slice(idPrefix.length))
  if (asked.startsWith(namePrefix))
    return entries.filter(({ snapshot }) => snapshot.name === asked.slice(namePrefix.length))
  return []
}
