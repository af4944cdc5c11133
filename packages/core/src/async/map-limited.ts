/** Calls `work` for every item, at most `limit` at once; results in the order of the items. The first error ends it. */
export async function mapLimited<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const iterator = toAsyncIterator(items)
  let index = 0
  let failed = false
  async function lane(): Promise<void> {
    while (!failed) {
      const next = await iterator.next()
      if (next.done === true || failed) return
      const at = index
      index += 1
      try {
        results[at] = await work(next.value, at)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: limit }, lane))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return results
}

async function* toAsyncIterator<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  yield* items
}
