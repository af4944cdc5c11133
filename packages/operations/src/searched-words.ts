import { quote } from '@varve/core/problems/disk-error'

/** Folders that are named, at most. */
const mostNamed = 4

/** Where images were looked for, in words that follow `in`; null: it is not known. */
export function searchedWords(folders: readonly string[]): string | null {
  if (folders.length === 0) return null
  const named = folders.slice(0, mostNamed).map((one) => quote(one))
  const more = folders.length > named.length ? ` and ${folders.length - named.length} other folders` : ''
  return `${named.join(', ')}${more} and below`
}
