/** A mark on the axis of the virtual disk. */
export interface Tick {
  readonly bytes: number
  /** Place on the axis, 0 to 1. */
  readonly at: number
}

const mostSteps = 5
/** Two labels nearer than this share of the axis would touch. */
const nearest = 0.09

/** Marks at round places (powers of two) from 0 to the disk's size, which always has one. */
export function sizeToTicks(virtualSize: number): readonly Tick[] {
  if (virtualSize <= 0) return [{ bytes: 0, at: 0 }]
  let step = 1
  while (virtualSize / step > mostSteps) step *= 2
  const ticks: Tick[] = []
  for (let bytes = 0; bytes < virtualSize; bytes += step) {
    const at = bytes / virtualSize
    if (1 - at >= nearest) ticks.push({ bytes, at })
  }
  return [...ticks, { bytes: virtualSize, at: 1 }]
}
