import { statement, write, type Db, type Queries } from './database.ts'

const addNames = statement(
  `INSERT INTO images_search (rowid, name)
   SELECT key, name FROM images WHERE key > (SELECT key FROM search_place) ORDER BY key LIMIT ?`,
)
const advance = statement(
  `UPDATE search_place SET key = coalesce((SELECT max(key) FROM
   (SELECT key FROM images WHERE key > (SELECT key FROM search_place) ORDER BY key LIMIT ?)), key)`,
)

/** Names in one write, which takes some 10 ms. */
const namesAtOnce = 500
/** How long names of new images may gather; until then a search reads them one by one. */
const gatherMs = 150
const heldOffMs = 10

/** Brings names of new images into the search index, many at once. */
export interface NameIndex {
  /** Images were added. */
  grown(): void
  stop(): void
}

/** Adds at most `most` names to the search index; gives how many were added. */
export function indexNames(db: Queries, most: number): number {
  const added = addNames.run(db, most)
  if (added > 0) advance.run(db, most)
  return added
}

export interface NameIndexOptions {
  readonly db: Db
  readonly onError: (error: unknown) => void
  /** Whether a write would have to wait now; see `Checkpoints`. */
  readonly isHeldOff: () => boolean
}

export function createNameIndex({ db, onError, isHeldOff }: NameIndexOptions): NameIndex {
  let timer: NodeJS.Timeout | null = null

  function step(): void {
    timer = null
    if (isHeldOff()) return grown(heldOffMs)
    try {
      if (write(db, (tx) => indexNames(tx, namesAtOnce)) === namesAtOnce) grown(0)
    } catch (error) {
      onError(error)
    }
  }

  function grown(afterMs: number): void {
    timer ??= setTimeout(step, afterMs).unref()
  }

  return {
    grown: () => grown(gatherMs),
    stop() {
      if (timer) clearTimeout(timer)
    },
  }
}
