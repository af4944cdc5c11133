import { sectorSize } from './lvm2-metadata.ts'
import {
  listIn,
  numberIn,
  sectionIn,
  sectionsIn,
  textIn,
  type LvmSection,
  type LvmValue,
} from './lvm2-text.ts'

/** Extents of a physical volume that follow each other. */
export interface ExtentRun {
  readonly at: number
  readonly count: number
}

/** A volume as the runs of extents that it is joined of, in order. */
export interface LinearVolume {
  readonly name: string
  readonly runs: readonly ExtentRun[]
}

/** A group of one physical volume and linear logical volumes alone. */
export interface LinearGroup {
  readonly name: string
  /** Bytes. */
  readonly extentSize: number
  /** Byte of the physical volume at which extent 0 begins. */
  readonly dataStart: number
  /** How many extents the physical volume has. */
  readonly extents: number
  readonly volumes: readonly LinearVolume[]
}

/** What one table of the device mapper is handed at most. */
const mostRuns = 1000
const namePattern = /^[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,126}$/u

/** The group that the metadata of the physical volume `uuid` describe; a text: why its extents are not moved, as the end of a sentence. */
export function linearGroupOf(root: LvmSection, uuid: string): LinearGroup | string {
  const [group, ...more] = sectionsIn(root)
  if (!group || more.length > 0) return 'names not exactly one volume group'
  const { name, section } = group
  const physical = sectionsIn(sectionIn(section, 'physical_volumes') ?? none)
  const [own] = physical
  if (physical.length !== 1 || !own) return `lies in ${physical.length} physical volumes`
  if (textIn(own.section, 'id') !== uuid) return 'describes another physical volume'
  const stands = standing(section, own.section)
  if (stands !== null) return stands
  const extentSize = (numberIn(section, 'extent_size') ?? 0) * sectorSize
  const dataStart = (numberIn(own.section, 'pe_start') ?? 0) * sectorSize
  const extents = numberIn(own.section, 'pe_count') ?? 0
  const end = dataStart + extents * extentSize
  const isSound = extentSize > 0 && dataStart > 0 && Number.isSafeInteger(end)
  if (!isSound || !namePattern.test(name)) return 'has numbers that do not add up'
  const volumes: LinearVolume[] = []
  for (const one of sectionsIn(sectionIn(section, 'logical_volumes') ?? none)) {
    const runs = runsOf(one.section, own.name, extents)
    if (typeof runs === 'string') return `holds ${one.name}, which ${runs}`
    volumes.push({ name: one.name, runs })
  }
  if (sharesExtents(volumes)) return 'has volumes that share extents'
  return { name, extentSize, dataStart, extents, volumes }
}

const none: LvmSection = { entries: new Map() }

/** Why nobody but its owner changes the group. */
function standing(group: LvmSection, physical: LvmSection): string | null {
  const flags = [group, physical].flatMap((one) => [...listIn(one, 'status'), ...listIn(one, 'flags')])
  if (flags.includes('EXPORTED')) return 'is exported'
  if (flags.includes('MISSING') || flags.includes('PARTIAL')) return 'misses a physical volume'
  if (!flags.includes('RESIZEABLE') || !flags.includes('WRITE')) return 'is not to be changed, as it says'
  if ((textIn(group, 'lock_type') ?? 'none') !== 'none') return 'is shared between hosts'
  return (textIn(group, 'system_id') ?? '') === '' ? null : 'belongs to one host by its system ID'
}

/** The runs of a linear volume, or why it is none. */
function runsOf(volume: LvmSection, physical: string, extents: number): readonly ExtentRun[] | string {
  const status = listIn(volume, 'status')
  if (status.includes('PVMOVE') || status.includes('LOCKED')) return 'is being moved'
  const segments = sectionsIn(volume)
    .filter(({ name }) => /^segment\d+$/u.test(name))
    .map(({ section }) => section)
    .toSorted((a, b) => (numberIn(a, 'start_extent') ?? 0) - (numberIn(b, 'start_extent') ?? 0))
  if (segments.length === 0 || segments.length > mostRuns) return `has ${segments.length} segments`
  const runs: ExtentRun[] = []
  let next = 0
  for (const segment of segments) {
    const type = textIn(segment, 'type') ?? 'unknown'
    const [name, at, ...others] = listIn(segment, 'stripes')
    if (type !== 'striped') return `is a ${type} volume`
    if (others.length > 0) return 'is striped'
    const count = numberIn(segment, 'extent_count') ?? 0
    const isExtent = typeof at === 'number' && Number.isSafeInteger(at) && at >= 0
    if (name !== physical || !isExtent || count === 0 || at + count > extents)
      return 'has numbers that do not add up'
    if (numberIn(segment, 'start_extent') !== next) return 'has gaps'
    next += count
    runs.push({ at, count })
  }
  return runs
}

function sharesExtents(volumes: readonly LinearVolume[]): boolean {
  const runs = volumes.flatMap((one) => one.runs).toSorted((a, b) => a.at - b.at)
  return runs.some(({ at }, index) => {
    const before = runs[index - 1]
    return before !== undefined && before.at + before.count > at
  })
}

export const extentsIn = (runs: readonly ExtentRun[]) => runs.reduce((sum, { count }) => sum + count, 0)

/** Extents whose bytes are copied; source and target never overlap. */
export interface ExtentMove {
  readonly from: number
  readonly to: number
  readonly count: number
}

export interface Fitted {
  readonly moves: readonly ExtentMove[]
  /** The volumes of the group as they are then. */
  readonly volumes: readonly LinearVolume[]
}

export interface Fitting {
  /** The volume that becomes smaller, and how many extents it keeps: what is behind them is free. */
  readonly volume: string
  readonly count: number
  /** The extents that the physical volume is to have: all volumes lie in the first of them then. */
  readonly extents: number
}

/** What is moved so that the group fits; null: it does not. What lies well already stays where it is. */
export function fitGroup({ volumes }: LinearGroup, { volume, count, extents }: Fitting): Fitted | null {
  const kept = volumes.map((one) => (one.name === volume ? { ...one, runs: firstOf(one.runs, count) } : one))
  const gaps = gapsBelow(
    extents,
    kept.flatMap((one) => one.runs),
  )
  const moves: ExtentMove[] = []
  let isWhole = true
  const placed = (run: ExtentRun): ExtentRun[] => {
    const stays = Math.max(0, Math.min(run.count, extents - run.at))
    const parts = stays > 0 ? [{ at: run.at, count: stays }] : []
    for (let done = stays; done < run.count;) {
      const target = takeFrom(gaps, run.count - done)
      if (target === null) {
        isWhole = false
        return parts
      }
      moves.push({ from: run.at + done, to: target.at, count: target.count })
      parts.push(target)
      done += target.count
    }
    return parts
  }
  const then = kept.map(({ name, runs }) => ({ name, runs: joined(runs.flatMap(placed)) }))
  return isWhole ? { moves, volumes: then } : null
}

function firstOf(runs: readonly ExtentRun[], count: number): ExtentRun[] {
  let left = count
  return runs.flatMap((run) => {
    const taken = Math.min(run.count, left)
    left -= taken
    return taken > 0 ? [{ at: run.at, count: taken }] : []
  })
}

interface Gap {
  at: number
  count: number
}

function gapsBelow(end: number, used: readonly ExtentRun[]): Gap[] {
  const gaps: Gap[] = []
  let next = 0
  for (const { at, count } of used.toSorted((a, b) => a.at - b.at)) {
    if (at >= end) break
    if (at > next) gaps.push({ at: next, count: at - next })
    next = at + count
  }
  if (next < end) gaps.push({ at: next, count: end - next })
  return gaps
}

/** The smallest gap that takes all, else the largest; what is taken is free no more. */
function takeFrom(gaps: Gap[], wanted: number): ExtentRun | null {
  const bySize = gaps.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count)
  const gap = bySize.findLast(({ count }) => count >= wanted) ?? bySize[0]
  if (!gap) return null
  const taken = { at: gap.at, count: Math.min(gap.count, wanted) }
  gap.at += taken.count
  gap.count -= taken.count
  return taken
}

function joined(runs: readonly ExtentRun[]): ExtentRun[] {
  const whole: ExtentRun[] = []
  for (const run of runs) {
    const last = whole.at(-1)
    if (last && last.at + last.count === run.at)
      whole[whole.length - 1] = { at: last.at, count: last.count + run.count }
    else whole.push(run)
  }
  return whole
}

/** The metadata with the volumes as they are then, as the next change of the group. */
export function withVolumes(root: LvmSection, volumes: readonly LinearVolume[]): LvmSection {
  const [group] = sectionsIn(root)
  if (!group) return root
  const [physical] = sectionsIn(sectionIn(group.section, 'physical_volumes') ?? none)
  const runs = new Map(volumes.map((one) => [one.name, one.runs]))
  const logical = (section: LvmSection): LvmSection => ({
    entries: new Map(
      [...section.entries].map(([name, value]) => {
        const own = runs.get(name)
        const volume = sectionIn(section, name)
        return [name, own && volume ? withRuns(volume, own, physical?.name ?? '') : value]
      }),
    ),
  })
  const changed = new Map(
    [...group.section.entries].map(([name, value]): [string, LvmValue] => {
      if (name === 'seqno') return [name, (numberIn(group.section, name) ?? 0) + 1]
      const inner = sectionIn(group.section, name)
      return [name, name === 'logical_volumes' && inner ? logical(inner) : value]
    }),
  )
  return { entries: new Map([...root.entries, [group.name, { entries: changed }]]) }
}

function withRuns({ entries }: LvmSection, runs: readonly ExtentRun[], physical: string): LvmSection {
  const kept = [...entries].filter(([name]) => !/^segment(?:\d+|_count)$/u.test(name))
  let start = 0
  const segments = runs.map(({ at, count }, index): [string, LvmSection] => {
    const segment: [string, LvmValue][] = [
      ['start_extent', start],
      ['extent_count', count],
      ['type', 'striped'],
      ['stripe_count', 1],
      ['stripes', [physical, at]],
    ]
    start += count
    return [`segment${index + 1}`, { entries: new Map(segment) }]
  })
  return { entries: new Map<string, LvmValue>([...kept, ['segment_count', runs.length], ...segments]) }
}
