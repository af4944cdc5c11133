/** Offsets of the pages that hold the rows from `first` to `last`, both included. */
export function rowsToPages(
  { first, last }: { first: number; last: number },
  pageSize: number,
): readonly number[] {
  const from = Math.floor(Math.max(0, first) / pageSize)
  const to = Math.floor(Math.max(first, last, 0) / pageSize)
  return Array.from({ length: to - from + 1 }, (_, index) => (from + index) * pageSize)
}
