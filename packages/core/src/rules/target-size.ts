import type { MigrateFacts } from './migrate-facts.ts'

const clusterSize = 65_536

/** Kinds whose files are as large as the disk. */
const wholeKinds: ReadonlySet<string> = new Set(['fixed', 'monolithicFlat', 'twoGbMaxExtentFlat'])

export interface PredictedSize {
  /** What the data alone takes, in bytes; of a fixed image, all of the disk. */
  readonly atLeast: number
  /** With tables, and every run of data rounded up to clusters where the summary does not tell better. */
  readonly about: number
}

/** Bytes that the target file will take on its host, from the allocation summary; null when there is none. */
export function predictTargetSize(facts: Pick<MigrateFacts, 'source' | 'options'>): PredictedSize | null {
  const { allocation, virtualSize } = facts.source.report
  if (allocation === null || virtualSize === null) return null
  const { dataBytes } = allocation
  // Its zeros may stay holes of the file, but a later write takes the room: the measurement asks for all of it.
  if (wholeKinds.has(facts.options.subformat ?? '')) return { atLeast: virtualSize, about: virtualSize }
  if (facts.options.format !== 'qcow2') return { atLeast: dataBytes, about: dataBytes }
  const dataClusters = Math.ceil(dataBytes / clusterSize)
  // L2: 8 bytes a cluster of the disk in use; refcounts: 2 bytes a cluster of the file; header, L1 and its like.
  const tables = Math.ceil((dataClusters * 10) / clusterSize) + 4
  return { atLeast: dataBytes, about: (dataClusters + tables) * clusterSize }
}
