/** Separate parts in which the answer to one read may arrive before it counts as hostile. */
const maxParts = 4096

/** Which bytes of one read have arrived: each may come once, in any order, and none may be left out. */
export class Coverage {
  readonly #start: number
  readonly #end: number
  /** In order, apart from each other. */
  readonly #parts: { start: number; end: number }[] = []

  constructor(offset: number, length: number) {
    this.#start = offset
    this.#end = offset + length
  }

  get isComplete(): boolean {
    const [first] = this.#parts
    return this.#parts.length === 1 && first?.start === this.#start && first.end === this.#end
  }

  /** Takes in `length` bytes at `offset`; says in words what is wrong with them, or null. */
  add(offset: number, length: number): string | null {
    const end = offset + length
    if (length === 0) return 'an empty chunk'
    if (offset < this.#start || end > this.#end) return 'a chunk outside the request'
    const parts = this.#parts
    let index = parts.length
    while (index > 0 && (parts[index - 1]?.start ?? 0) >= end) index -= 1
    const before = parts[index - 1]
    const after = parts[index]
    if (before && before.end > offset) return 'the same bytes twice'
    if (before?.end === offset && after?.start === end) {
      before.end = after.end
      parts.splice(index, 1)
      return null
    }
    if (before?.end === offset) before.end = end
    else if (after?.start === end) after.start = offset
    else parts.splice(index, 0, { start: offset, end })
    return parts.length > maxParts ? `more than ${maxParts} parts` : null
  }
}
