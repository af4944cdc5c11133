/** Distinct L2 tables by their place, in rising order, with how many L1 entries name each. */
export interface TableList {
  readonly offsets: Float64Array
  readonly times: Uint32Array
  /** Of those, entries of the active L1 table. */
  readonly activeTimes: Uint32Array
}

export const noTables: TableList = {
  offsets: new Float64Array(0),
  times: new Uint32Array(0),
  activeTimes: new Uint32Array(0),
}

/** Adds the places that one more L1 table names; sorts `places`. */
export function mergeTables(
  list: TableList,
  places: Float64Array,
  { isActive }: { readonly isActive: boolean },
): TableList {
  if (places.length === 0) return list
  places.sort()
  const length = list.offsets.length + places.length
  const offsets = new Float64Array(length)
  const times = new Uint32Array(length)
  const activeTimes = new Uint32Array(length)
  let end = 0
  let known = 0
  let added = 0
  while (known < list.offsets.length || added < places.length) {
    const left = list.offsets[known] ?? Infinity
    const right = places[added] ?? Infinity
    const offset = Math.min(left, right)
    offsets[end] = offset
    if (left === offset) {
      times[end] = list.times[known] ?? 0
      activeTimes[end] = list.activeTimes[known] ?? 0
      known += 1
    }
    let count = 0
    while (places[added] === offset) {
      added += 1
      count += 1
    }
    times[end] = (times[end] ?? 0) + count
    if (isActive) activeTimes[end] = (activeTimes[end] ?? 0) + count
    end += 1
  }
  return {
    offsets: offsets.slice(0, end),
    times: times.slice(0, end),
    activeTimes: activeTimes.slice(0, end),
  }
}
