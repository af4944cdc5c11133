import type { VolumeFolder } from '@varve/core/image/volume-address'
import { textDetail, type Problem } from '@varve/core/problems/problem'
import type { LibraryVolumes } from '@varve/core/rules/migrate-facts'
import type { PlacesView } from '@varve/protocol/places'
import type { VolumeFacts } from './facts.ts'
import { hostProblems } from './host-problems.ts'
import { shapeOf, zfsBlock } from './room.ts'

/** A library of volumes as a target: what can be made there, and the room that it has. */
export interface VolumesOfLibrary {
  readonly volumes: LibraryVolumes
  /** Null: not known. */
  readonly free: number | null
  readonly total: number | null
}

/** What is told of a library of volumes; where none can be made there, why. */
export function volumesOfLibrary(folder: VolumeFolder, facts: VolumeFacts): VolumesOfLibrary {
  const { kind, group, parent } = folder
  // A name that is no one's, and no room at all: what then stands in the way stands in that of all.
  const any = { kind, group, volume: `${parent}varve.any` }
  const wanted = { volume: any, virtualSize: 0, pool: null, sparse: false, dataBytes: 0 }
  const [problem] = [...hostProblems(`${kind}:${group}`, facts), ...shapeProblems(wanted, facts.places)]
  const { unit, free, total, pools } = roomOf(folder, facts.places)
  const fault = problem
    ? { reason: textDetail(problem, 'reason') ?? problem.message, remedy: problem.remedy }
    : null
  return { volumes: { kind, group, parent, unit, pools, fault }, free, total }
}

function shapeProblems(wanted: Parameters<typeof shapeOf>[0], places: PlacesView | null): readonly Problem[] {
  if (places === null) return []
  const found = shapeOf(wanted, places)
  return 'problems' in found ? found.problems : []
}

function roomOf({ kind, group, parent }: VolumeFolder, places: PlacesView | null) {
  if (kind === 'zfs') {
    const pool = places?.zpools.find(({ name }) => name === group)
    const dataset = pool?.datasets.find(({ name }) => name === `${group}/${parent}`.slice(0, -1))
    return { unit: zfsBlock, free: dataset?.free ?? null, total: pool?.size ?? null, pools: [] }
  }
  const found = places?.groups.find(({ name }) => name === group)
  const pools = (found?.pools ?? [])
    .filter(({ health, zeroesNew }) => health === null && zeroesNew)
    .map(({ name, size, dataUsed }) => ({ name, free: Math.max(0, size - dataUsed) }))
  return {
    unit: Math.max(1, found?.extentSize ?? 1),
    free: found?.free ?? null,
    total: found?.size ?? null,
    pools,
  }
}
