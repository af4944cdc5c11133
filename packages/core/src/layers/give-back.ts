import type { RunCollector } from '../ranges/run-list.ts'

/** What becomes of bytes that are held now. */
export type Fate = 'kept' | 'free' | 'zeros'

/** Bytes of whole units that nothing needs, by why, and those of the units that stay. */
export interface GivenBack {
  readonly free: number
  readonly zeros: number
  readonly kept: number
}

/**
 * Counts, in rising order of their places, what a container gives back that keeps or drops whole units: a unit stays when any
 * byte of it is kept.
 */
export class UnitCounter {
  readonly #unit: number
  readonly #end: number
  readonly #given: RunCollector | null
  #at = -1
  #isKept = false
  #free = 0
  #zeros = 0
  #total = { free: 0, zeros: 0, kept: 0 }

  /** `end`: where the last unit ends, whole or not; `given` collects the units that nothing needs. */
  constructor(unit: number, end: number, given: RunCollector | null = null) {
    this.#unit = unit
    this.#end = end
    this.#given = given
  }

  add(start: number, length: number, fate: Fate): void {
    let at = start
    const end = start + length
    while (at < end) {
      const unit = Math.floor(at / this.#unit)
      if (unit !== this.#at) this.#close(unit)
      const unitEnd = (unit + 1) * this.#unit
      const whole = at === unit * this.#unit ? Math.floor((end - at) / this.#unit) : 0
      // Whole units, but for the last, which something may follow in, are counted at once.
      if (whole > 1) {
        const bytes = (whole - 1) * this.#unit
        this.#total[fate] += bytes
        if (fate !== 'kept') this.#given?.add({ start: at, end: at + bytes })
        at += bytes
        // No unit is begun.
        this.#at = -1
        continue
      }
      const part = Math.min(end, unitEnd) - at
      if (fate === 'kept') this.#isKept = true
      else if (fate === 'free') this.#free += part
      else this.#zeros += part
      at += part
    }
  }

  result(): GivenBack {
    this.#close(-1)
    return { ...this.#total }
  }

  #close(next: number): void {
    if (this.#at >= 0) {
      const start = this.#at * this.#unit
      const end = Math.min(start + this.#unit, this.#end)
      if (this.#isKept) this.#total.kept += end - start
      else {
        this.#given?.add({ start, end })
        this.#total.free += this.#free
        this.#total.zeros += this.#zeros
      }
    }
    this.#at = next
    this.#isKept = false
    this.#free = 0
    this.#zeros = 0
  }
}
