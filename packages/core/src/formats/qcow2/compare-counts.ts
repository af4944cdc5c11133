import type { CheckScene, Walk } from './check-walk.ts'
import { damagedRemedy } from './check-walk.ts'
import type { EmptyTables } from './empty-tables.ts'
import { findLostData, lostRemedy, type UncountedRun } from './lost-data.ts'
import { mostCounted, type ClusterWindow, type ReferenceCounts } from './reference-counts.ts'

/** The refcount that the file holds, null when it is not in the window or cannot be read. */
export type StoredOf = (cluster: number) => number | null

/** Clusters of one run that are leaked wholly: nothing refers to them. */
export type OnLeak = (cluster: number, stored: number) => void

export interface Comparison {
  readonly counts: ReferenceCounts
  readonly storedOf: StoredOf
  readonly window: ClusterWindow
  readonly walk: Walk
  readonly emptyTables: EmptyTables
  readonly onUnreferenced: OnLeak | undefined
}

/** Runs of clusters with too high refcounts that are looked into; more of them are taken for what these turn out to be. */
const mostRuns = 262_144

const leakKind = ['leak', 'qcow2-leaked-cluster'] as const
const lostKind = ['corruption', 'qcow2-lost-clusters'] as const

type Verdict = 'fits' | 'too-high' | 'too-low' | 'unknown' | 'overlap'

/** Neighbouring clusters of which the same is to be said. */
interface ClusterRun extends UncountedRun {
  readonly verdict: Verdict
}

/** Tells where stored and counted references differ, one finding a run; gives the number of leaked clusters. */
export async function compareCounts(scene: CheckScene, comparison: Comparison): Promise<number> {
  const suspects: ClusterRun[] = []
  let suspended = 0
  for (const run of runsOf(comparison)) {
    if (run.verdict !== 'too-high') tell(scene, run)
    else if (suspects.length < mostRuns) suspects.push(run)
    else suspended += run.count
  }
  const lost = await findLostData(scene, { ...comparison, runs: suspects })
  let leaked = 0
  for (const run of suspects) {
    if (lost.has(run)) tellLost(scene, run)
    else {
      tell(scene, run)
      if (run.references > 0) continue
      leaked += run.count
      for (let cluster = run.first; cluster < run.first + run.count; cluster += 1)
        comparison.onUnreferenced?.(cluster, run.stored)
    }
  }
  if (suspended > 0) {
    const message = `${suspended} more clusters have refcounts that are too high; they were not looked into.`
    const [kind, id] = lost.size > 0 ? lostKind : leakKind
    scene.findings.add(kind, { id, message, remedy: kind === 'leak' ? leakRemedy : lostRemedy }, suspended)
  }
  return leaked
}

function* runsOf({ counts, storedOf, window }: Comparison): Generator<ClusterRun> {
  let run: { first: number; count: number; stored: number; references: number; verdict: Verdict } | null =
    null
  for (let cluster = window.first; cluster < window.end; cluster += 1) {
    const references = counts.count(cluster)
    const stored = storedOf(cluster)
    const verdict =
      stored === references && !counts.isOverlap(cluster) ? 'fits' : verdictOf(references, stored)
    if (run && run.verdict === verdict && run.stored === stored && run.references === references) {
      run.count += 1
      continue
    }
    if (run) yield run
    run = verdict === 'fits' ? null : { first: cluster, count: 1, stored: stored ?? 0, references, verdict }
  }
  if (run) yield run
}

/** Of a cluster that two tables share or whose counts differ; 'fits' where a count is beyond what is counted. */
function verdictOf(references: number, stored: number | null): Verdict {
  if (stored === null) return references > 0 ? 'unknown' : 'fits'
  if (stored > references) return 'too-high'
  if (stored === references) return 'overlap'
  return references < mostCounted ? 'too-low' : 'fits'
}

function tell({ header, findings }: CheckScene, run: ClusterRun): void {
  const { first, count, stored, references, verdict } = run
  const offset = first * header.clusterSize
  const who = clusters(run)
  const has = count === 1 ? 'has' : 'have'
  switch (verdict) {
    case 'fits':
      return
    case 'too-high':
    case 'too-low': {
      const uses = references === 1 ? '1 reference' : `${references} references`
      const rest = references === 0 ? `nothing refers to ${count === 1 ? 'it' : 'them'}` : uses
      const message = `${who} ${has} refcount ${stored} and ${rest}.`
      if (verdict === 'too-high')
        return findings.add(
          'leak',
          { id: 'qcow2-leaked-cluster', message, remedy: leakRemedy, offset },
          count,
        )
      const fault = { id: 'qcow2-refcount-too-low', message, remedy: damagedRemedy, offset }
      return findings.add('corruption', fault, count)
    }
    case 'unknown': {
      const message = `The refcount of ${who.replace('C', 'c')} cannot be read.`
      const fault = { id: 'qcow2-refcount-unknown', message, remedy: damagedRemedy, offset }
      return findings.add('corruption', fault, count)
    }
    case 'overlap': {
      const message =
        count === 1
          ? `${who} holds a table and is used for something else too.`
          : `${who} hold tables and are used for something else too.`
      return findings.add(
        'corruption',
        { id: 'qcow2-overlap', message, remedy: damagedRemedy, offset },
        count,
      )
    }
  }
}

function tellLost({ header, findings }: CheckScene, run: ClusterRun): void {
  const { first, count, references } = run
  const [are, hold] = count === 1 ? ['is', 'holds'] : ['are', 'hold']
  const more = references === 0 ? 'nothing refers' : 'fewer tables refer than are counted'
  const message = `${clusters(run)} ${are} counted as used and ${hold} data, but to ${count === 1 ? 'it' : 'them'} ${more}: what the guest wrote may be there.`
  const offset = first * header.clusterSize
  findings.add('corruption', { id: 'qcow2-lost-clusters', message, remedy: lostRemedy, offset }, count)
}

function clusters({ first, count }: UncountedRun): string {
  return count === 1 ? `Cluster ${first}` : `Clusters ${first} to ${first + count - 1}`
}

const leakRemedy =
  'Most likely room that was never given back: varve check --repair --backup does it, and keeps what undoes it; or convert the image.'
