import type { Outcomes } from './messages.ts'
import type { Failure } from './run-input.ts'

/** Counts executions and findings by group. */
export class Tally {
  readonly #started = Date.now()
  readonly #groups = new Map<string, Map<string, number>>()
  readonly #findings = new Map<string, Set<string>>()
  #broken = 0

  /** `uncounted`: executions of a batch that ended with the thread. */
  add(outcomes: Outcomes, uncounted: number): void {
    this.#broken += uncounted
    for (const [group, counts] of Object.entries(outcomes)) {
      const known = this.#groups.get(group) ?? new Map<string, number>()
      this.#groups.set(group, known)
      for (const [outcome, count] of Object.entries(counts))
        known.set(outcome, (known.get(outcome) ?? 0) + count)
    }
  }

  /** Whether nothing with this signature was found before in the group. */
  isNew(group: string, { signature }: Failure): boolean {
    const known = this.#findings.get(group) ?? new Set<string>()
    this.#findings.set(group, known)
    const { size } = known
    return known.add(signature).size > size
  }

  get findings(): number {
    return [...this.#findings.values()].reduce((sum, { size }) => sum + size, 0)
  }

  text(): string {
    const rows = [...this.#groups].map(([group, counts]) => {
      const total = sum(counts.values())
      const read = counts.get('read') ?? 0
      const found = this.#findings.get(group)?.size ?? 0
      const codes = [...counts].filter(([code]) => code !== 'read').toSorted(([, a], [, b]) => b - a)
      const most = codes.slice(0, 4).map(([code, count]) => `${code} ${count}`)
      return `  ${group.padEnd(12)} ${String(total).padStart(9)}  read ${String(read).padStart(8)}  findings ${found}  ${most.join(', ')}`
    })
    const executions = this.#broken + sum([...this.#groups.values()].map((counts) => sum(counts.values())))
    const seconds = (Date.now() - this.#started) / 1000
    const rate = Math.round(executions / seconds)
    return [
      `${executions} executions in ${Math.round(seconds)} s, ${rate}/s, ${this.findings} findings`,
      ...rows,
    ].join('\n')
  }
}

function sum(counts: Iterable<number>): number {
  let total = 0
  for (const count of counts) total += count
  return total
}
