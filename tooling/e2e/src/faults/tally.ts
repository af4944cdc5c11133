/** What was done, what was killed, and what was lost. */
export class Tally {
  readonly losses: string[] = []
  readonly #counts = new Map<string, number>()

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  /** Something that must not happen: a source that changed, a target that is not whole. */
  lose(what: string): void {
    this.losses.push(what)
  }

  line(elapsedMs: number): string {
    const counts = [...this.#counts].map(([what, times]) => `${times} ${what}`).join(', ')
    const lost = this.losses.length === 0 ? 'nothing was lost' : `${this.losses.length} losses`
    return `${(elapsedMs / 60_000).toFixed(1)} minutes: ${counts}; ${lost}`
  }
}
