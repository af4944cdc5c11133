/** Words that differ in more letters than this, or in more than half of their own, are other words. */
const mostLetters = 3

/** The word that `wrong` was most likely meant to be; null: none is like it. */
export function nearestWord(wrong: string, words: readonly string[]): string | null {
  const most = Math.min(mostLetters, Math.floor(wrong.length / 2))
  const [nearest] = words
    .map((word) => ({ word, distance: lettersApart(wrong, word) }))
    .filter(({ distance }) => distance <= most)
    .toSorted((a, b) => a.distance - b.distance)
  return nearest?.word ?? null
}

/** How many letters have to be put in, taken out or changed to make one word of the other (Levenshtein). */
function lettersApart(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [index, letter] of Array.from(a).entries()) {
    const next = [index + 1]
    for (const [at, other] of Array.from(b).entries()) {
      const changed = (row[at] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(changed, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
