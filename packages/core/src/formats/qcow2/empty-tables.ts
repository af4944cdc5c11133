import { tableOffset } from './cluster-entry.ts'
import { l2EntrySize, type Qcow2Header } from './header.ts'

/** Tables that are noted, at most: more would only say the same. */
const mostTables = 1000
/** Places beside zeroed sectors that are noted, at most. */
const mostPlaces = 65_536
/** What a disk writes at once: damage by a torn or lost write has this grain. */
const sectorSize = 512
const compressedFlag = 0x4000_0000

/** Where L2 tables say nothing although an L1 entry names them: wiped, or their clusters were all discarded. */
export interface EmptyTables {
  /** Offsets of L2 tables that hold nothing but zeros. */
  readonly whole: number[]
  /**
   * Clusters that would come next where a whole sector of a table is zeros: the one behind the cluster of the entry before
   * that sector, the one in front of that of the entry behind it. Each with the byte where the sector lies.
   */
  readonly beside: Map<number, number>
  /** Whether entries of tables are damaged: what they named before is unknown. */
  hasDamaged: boolean
}

export function noEmptyTables(): EmptyTables {
  return { whole: [], beside: new Map(), hasDamaged: false }
}

export function noteEmptyTable({ whole }: EmptyTables, offset: number): void {
  if (whole.length < mostTables) whole.push(offset)
}

interface TablePart {
  readonly view: DataView
  /** Byte of the file where it lies. */
  readonly at: number
}

/** Notes the sectors of zeros between entries in a part of an L2 table. */
export function noteEmptySectors(
  { beside }: EmptyTables,
  { view, at }: TablePart,
  header: Qcow2Header,
): void {
  const entrySize = l2EntrySize(header)
  const note = (entryAt: number, step: 1 | -1, sector: number) => {
    if (entryAt < 0 || entryAt >= view.byteLength || beside.size >= mostPlaces) return
    const [high, low] = [view.getUint32(entryAt), view.getUint32(entryAt + 4)]
    const offset = (high & compressedFlag) === 0 ? tableOffset(high, low) : 0
    if (offset > 0 && offset % header.clusterSize === 0)
      beside.set(offset / header.clusterSize + step, at + sector)
  }
  for (let sector = 0; sector + sectorSize <= view.byteLength; sector += sectorSize) {
    if (!isEmpty(view, sector)) continue
    note(sector - entrySize, 1, sector)
    note(sector + sectorSize, -1, sector)
  }
}

function isEmpty(view: DataView, sector: number): boolean {
  for (let at = sector; at < sector + sectorSize; at += 4) if (view.getUint32(at) !== 0) return false
  return true
}
