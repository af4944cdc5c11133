/** An item of a resumable stream; `id` is what the client names to resume after it. */
export interface Numbered<T> {
  readonly id: number
  readonly value: T
}
