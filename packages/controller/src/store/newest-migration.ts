import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const Journal = z.object({ entries: z.array(z.object({ when: z.number() })) })

/** When the newest migration of a database was made that this controller knows; null: it is not ours to migrate. */
export function newestMigration(packageFolder: string, database: string): number | null {
  const name = database.replace(/\.sqlite$/u, '')
  const folder = name === 'inventory' ? 'drizzle' : `drizzle-${name}`
  const journal = join(packageFolder, folder, 'meta/_journal.json')
  if (!existsSync(journal)) return null
  const { entries } = Journal.parse(JSON.parse(readFileSync(journal, 'utf8')))
  return Math.max(0, ...entries.map(({ when }) => when))
}
