import { statement, type Queries } from './database.ts'

const stateOf = statement<{ count: number; digest: number }>(
  'SELECT images AS count, digest FROM libraries WHERE host = ? AND name = ?',
)
const between = statement<{ name: string; checksum: number }>(
  `SELECT name, checksum FROM images
   WHERE host = ? AND library = ? AND name > ? AND (? IS NULL OR name <= ?) ORDER BY name LIMIT ?`,
)

/** Names of one part that are looked at: those that an agent names, and some that it does not have. */
const mostNames = 2000

/** How many images of a library are known, and the exclusive or of their checksums; null: no such library. */
export function inventoryState(
  db: Queries,
  host: string,
  library: string,
): { count: number; digest: number } | null {
  return stateOf.get(db, host, library) ?? null
}

/** Checksums by name of a part of a library: after `after` to `until` in the order of their bytes in UTF-8. */
export function checksumsBetween(
  db: Queries,
  { host, library }: { host: string; library: string },
  { after, until }: { after: string | null; until: string | null },
): Map<string, number> {
  const rows = between.all(db, host, library, after ?? '', until, until, mostNames)
  return new Map(rows.map(({ name, checksum }) => [name, checksum]))
}
