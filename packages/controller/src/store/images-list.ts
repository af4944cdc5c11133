import type { ImagePage, ImageQuery } from '@varve/protocol/images'
import { sql, type SQL } from 'drizzle-orm'
import type { z } from 'zod'
import type { Db } from './database.ts'
import { imageRowsByKey } from './images-store.ts'

type Query = z.output<typeof ImageQuery>

const mostCounts = 500
/** A count that takes less is made afresh after each change. */
const cheapMs = 4
/** One that takes longer is used this many times as long as it took, so that counting never is what a busy fleet does. */
const patience = 50

interface Count {
  readonly count: number
  /** Of the inventory when it was counted. */
  readonly version: number
  /** Until when it may be used although something has changed, in milliseconds of `performance.now()`. */
  readonly goodUntil: number
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

/** Lists of images. Counts are remembered until `changed` is called, costly ones a little longer, because counting is what costs. */
export interface ImageLists {
  list(query: Query): ImagePage
  changed(): void
}

/**
 * A page is made in one of two ways, whichever touches fewer rows: `gather` finds all matches by the filter's own index and
 * sorts them; `walk` goes along the index of the sort column and tests each image until the page is full.
 */
type Way = 'gather' | 'walk'

export function createImageLists(db: Db): ImageLists {
  const counts = new Map<string, Count>()
  let version = 0

  function total(query: Query): number {
    const { search, name, host, library, format, findings, problem } = query
    const key = JSON.stringify([search, name, host, library, format, findings, problem])
    const at = performance.now()
    const known = counts.get(key)
    if (known && (known.version === version || at < known.goodUntil)) return known.count
    const count = countImages(db, query)
    const tookMs = performance.now() - at
    const goodUntil = tookMs < cheapMs ? 0 : at + tookMs * patience
    if (counts.size >= mostCounts) counts.clear()
    counts.set(key, { count, version, goodUntil })
    return count
  }

  return {
    list(query) {
      const matches = total(query)
      const way = cheaperWay(query, { matches, images: total(everything) })
      const direction = sql.raw(query.direction === 'asc' ? 'ASC' : 'DESC')
      const order = sql.join(
        [...orders[query.sort], 'key'].map((column) => sql`${sql.identifier(column)} ${direction}`),
        sql`, `,
      )
      const keys = db.all<{ key: number }>(
        sql`SELECT key FROM images WHERE ${conditions(query, way)} ORDER BY ${order} LIMIT ${query.limit} OFFSET ${query.offset}`,
      )
      const rows = imageRowsByKey(
        db,
        keys.map(({ key }) => key),
      )
      return { rows, total: matches, offset: query.offset }
    },
    changed() {
      version += 1
    },
  }
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
