import type { ImagePage, ImageQuery } from '@varve/protocol/images'
import { sql, type SQL } from 'drizzle-orm'
import type { z } from 'zod'
import type { Db } from './database.ts'
import { imageRowsByKey } from './images-store.ts'

type Query = z.output<typeof ImageQuery>

const mostRemembered = 500
/** What takes less is made afresh after each change. */
const cheapMs = 4
/** What takes longer is used this many times as long as it took, so that searching never is all that a busy fleet does. */
const patience = 100

interface Remembered<T> {
  readonly value: T
  /** Of the inventory when it was made. */
  readonly version: number
  /** Until when it may be used although something has changed, in milliseconds of `performance.now()`. */
  readonly goodUntil: number
}

/** Answers that cost something, each made again when the inventory has changed: costly ones a little later. */
class Memory<T> {
  readonly #known = new Map<string, Remembered<T>>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  get(key: string, version: number, make: () => T): T {
    const at = this.#now()
    const known = this.#known.get(key)
    if (known && (known.version === version || at < known.goodUntil)) return known.value
    const value = make()
    const tookMs = this.#now() - at
    if (this.#known.size >= mostRemembered) this.#known.clear()
    const goodUntil = tookMs < cheapMs ? 0 : at + tookMs * patience
    this.#known.set(key, { value, version, goodUntil })
    return value
  }
}

const orders = {
  name: ['name'],
  host: ['host', 'name'],
  format: ['format', 'name'],
  virtualSize: ['virtualSize'],
  allocated: ['allocated'],
  reclaimable: ['reclaimable'],
  findings: ['gravity'],
  modifiedAt: ['modifiedAt'],
  provenAt: ['provenAt'],
} as const satisfies Record<Query['sort'], readonly string[]>

const leastGravity = { any: 1, warn: 1000, block: 1_000_000 } as const

/** Lists of images. What costs is remembered until `changed` is called, what costs much a little longer. */
export interface ImageLists {
  list(query: Query): ImagePage
  changed(): void
}

/**
 * A page is made in one of two ways, whichever touches fewer rows: `gather` finds all matches by the filter's own index and
 * sorts them; `walk` goes along the index of the sort column and tests each image until the page is full.
 */
type Way = 'gather' | 'walk'

/** `now`: milliseconds of a clock that never goes back. */
export function createImageLists(db: Db, now = () => performance.now()): ImageLists {
  const counts = new Memory<number>(now)
  const pages = new Memory<readonly number[]>(now)
  let version = 0

  function total(query: Query): number {
    const { search, name, host, library, format, findings, problem } = query
    const key = JSON.stringify([search, name, host, library, format, findings, problem])
    return counts.get(key, version, () => countImages(db, query))
  }

  return {
    list(query) {
      const matches = total(query)
      const way = cheaperWay(query, { matches, images: total(everything) })
      const keys = pages.get(JSON.stringify(query), version, () => keysOfPage(db, query, way))
      return { rows: imageRowsByKey(db, keys), total: matches, offset: query.offset }
    },
    changed() {
      version += 1
    },
  }
}

function keysOfPage(db: Db, query: Query, way: Way): readonly number[] {
  const direction = sql.raw(query.direction === 'asc' ? 'ASC' : 'DESC')
  const order = sql.join(
    [...orders[query.sort], 'key'].map((column) => sql`${sql.identifier(column)} ${direction}`),
    sql`, `,
  )
  const keys = db.all<{ key: number }>(
    sql`SELECT key FROM images WHERE ${conditions(query, way)} ORDER BY ${order} LIMIT ${query.limit} OFFSET ${query.offset}`,
  )
  return keys.map(({ key }) => key)
}

const everything: Query = {
  search: '',
  name: null,
  host: null,
  library: null,
  format: null,
  findings: null,
  problem: null,
  sort: 'name',
  direction: 'asc',
  offset: 0,
  limit: 1,
}

/** Rows that a walk passes, with matches evenly spread, against all matches. */
function cheaperWay(query: Query, { matches, images }: { matches: number; images: number }): Way {
  if (matches === 0) return 'gather'
  const walked = ((query.offset + query.limit) * images) / matches
  return walked < matches ? 'walk' : 'gather'
}

function conditions(query: Query, way: Way): SQL {
  const { host, library, format, findings, problem, search, name } = query
  // A `+` before a column keeps SQLite from using its index, and so from sorting all matches.
  const plus = sql.raw(way === 'walk' && !hasIndexInOrder(query) ? '+' : '')
  const parts: SQL[] = []
  if (search !== '') parts.push(nameMatches(search, way))
  if (name !== null) parts.push(sql`name = ${name}`)
  if (host !== null) parts.push(sql`${plus}host = ${host}`)
  if (library !== null) parts.push(sql`${plus}library = ${library}`)
  if (format !== null) parts.push(sql`${plus}format = ${format}`)
  if (findings !== null) parts.push(sql`${plus}gravity >= ${leastGravity[findings]}`)
  if (problem !== null) {
    parts.push(
      way === 'walk'
        ? sql`EXISTS (SELECT 1 FROM findings WHERE imageKey = images.key AND problem = ${problem})`
        : sql`key IN (SELECT imageKey FROM findings WHERE problem = ${problem})`,
    )
  }
  return parts.length === 0 ? sql`1` : sql.join(parts, sql` AND `)
}

/** Images of one host and of one format are indexed in the order of their names. */
function hasIndexInOrder({ host, format, sort }: Query): boolean {
  if (host !== null) return sort === 'name' || sort === 'host'
  return format !== null && (sort === 'name' || sort === 'format')
}

function nameMatches(search: string, way: Way): SQL {
  return way === 'walk' || !hasTrigram(search) ? isLike(search) : sql`key IN (${keysOfName(search)})`
}

function isLike(search: string): SQL {
  return sql`name LIKE ${`%${search.replaceAll(/[\\%_]/gu, String.raw`\$&`)}%`} ESCAPE '\\'`
}

/** By the search index, and one by one what is too new to be in it. */
function keysOfName(search: string): SQL {
  return sql`SELECT rowid FROM images_search WHERE images_search MATCH ${phrase(search)}
    UNION ALL SELECT key FROM images WHERE key > (SELECT key FROM search_place) AND ${isLike(search)}`
}

function hasTrigram(search: string): boolean {
  return Array.from(search).length >= 3
}

function phrase(search: string): string {
  return `"${search.replaceAll('"', '""')}"`
}

function countImages(db: Db, query: Query): number {
  return db.get<{ count: number }>(countStatement(query))?.count ?? 0
}

/** The cheapest statement that counts: totals that are kept, an index alone, or the matches themselves. */
function countStatement(query: Query): SQL {
  const { search, name, host, library, format, findings, problem } = query
  const isNamed = search !== '' || name !== null
  const isWhole = name === null && host === null && library === null && format === null && findings === null
  if (!isNamed && format === null && findings === null && problem === null) {
    return sql`SELECT coalesce(sum(images), 0) AS count FROM libraries WHERE
      (${host} IS NULL OR host = ${host}) AND (${library} IS NULL OR name = ${library})`
  }
  if (isWhole && search === '') {
    return sql`SELECT coalesce(max(images), 0) AS count FROM finding_totals WHERE problem = ${problem}`
  }
  if (isWhole && problem === null && hasTrigram(search)) {
    return sql`SELECT count(*) AS count FROM (${keysOfName(search)})`
  }
  return sql`SELECT count(*) AS count FROM images WHERE ${conditions(query, 'gather')}`
}
