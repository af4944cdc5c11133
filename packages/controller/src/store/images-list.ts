import type { ImagePage, ImageQuery } from '@varve/protocol/images'
import { sql, type SQL } from 'drizzle-orm'
import type { z } from 'zod'
import type { Db } from './database.ts'
import { imageRowsByKey } from './images-store.ts'

type Query = z.output<typeof ImageQuery>

/** Matches up to this many are gathered and sorted; above it the sort index is walked until the page is full. */
const fewMatches = 2000
const mostCounts = 500

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

/** Lists of images. Counts are remembered until `changed` is called, because counting is what costs. */
export interface ImageLists {
  list(query: Query): ImagePage
  changed(): void
}

export function createImageLists(db: Db): ImageLists {
  const counts = new Map<string, number>()

  function total(query: Query, where: SQL): number {
    const { search, host, library, format, findings, problem } = query
    const key = JSON.stringify([search, host, library, format, findings, problem])
    const known = counts.get(key)
    if (known !== undefined) return known
    const count = countImages(db, query, where)
    if (counts.size >= mostCounts) counts.clear()
    counts.set(key, count)
    return count
  }

  return {
    list(query) {
      const where = conditions(db, query)
      const direction = sql.raw(query.direction === 'asc' ? 'ASC' : 'DESC')
      const order = sql.join(
        [...orders[query.sort], 'key'].map((column) => sql`${sql.identifier(column)} ${direction}`),
        sql`, `,
      )
      const keys = db.all<{ key: number }>(
        sql`SELECT key FROM images WHERE ${where} ORDER BY ${order} LIMIT ${query.limit} OFFSET ${query.offset}`,
      )
      return {
        rows: imageRowsByKey(
          db,
          keys.map(({ key }) => key),
        ),
        total: total(query, where),
        offset: query.offset,
      }
    },
    changed() {
      counts.clear()
    },
  }
}

function conditions(db: Db, query: Query): SQL {
  const parts: SQL[] = []
  if (query.search !== '') parts.push(nameMatches(db, query.search))
  if (query.host !== null) parts.push(sql`host = ${query.host}`)
  if (query.library !== null) parts.push(sql`library = ${query.library}`)
  if (query.format !== null) parts.push(sql`format = ${query.format}`)
  if (query.findings !== null) parts.push(sql`gravity >= ${leastGravity[query.findings]}`)
  if (query.problem !== null) {
    parts.push(sql`key IN (SELECT imageKey FROM findings WHERE problem = ${query.problem})`)
  }
  return parts.length === 0 ? sql`1` : sql.join(parts, sql` AND `)
}

function nameMatches(db: Db, search: string): SQL {
  const contains = sql`name LIKE ${`%${search.replaceAll(/[\\%_]/gu, String.raw`\$&`)}%`} ESCAPE '\\'`
  if (Array.from(search).length < 3) return contains
  const phrase = `"${search.replaceAll('"', '""')}"`
  const matches = sql`SELECT rowid FROM images_search WHERE images_search MATCH ${phrase}`
  const probe = db.get<{ count: number }>(
    sql`SELECT count(*) AS count FROM (${matches} LIMIT ${fewMatches + 1})`,
  )
  return (probe?.count ?? 0) <= fewMatches ? sql`key IN (${matches})` : contains
}

function countImages(db: Db, query: Query, where: SQL): number {
  const { search, host, library, format, findings, problem } = query
  const isCounted = search === '' && format === null && findings === null && problem === null
  const source = isCounted
    ? sql`SELECT coalesce(sum(images), 0) AS count FROM libraries WHERE
        (${host} IS NULL OR host = ${host}) AND (${library} IS NULL OR name = ${library})`
    : sql`SELECT count(*) AS count FROM images WHERE ${where}`
  return db.get<{ count: number }>(source)?.count ?? 0
}
