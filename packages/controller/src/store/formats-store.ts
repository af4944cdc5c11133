import { FormatChoice } from '@varve/protocol/images'
import { and, eq } from 'drizzle-orm'
import { statement, type Queries } from './database.ts'
import { formatChoices } from './schema.ts'

const choicesOf = statement<unknown>(
  'SELECT * FROM format_choices WHERE host = ? ORDER BY library, name, scope',
)

/** All that was said of a host's images, in a fixed order. */
export function formatChoicesOf(db: Queries, host: string): FormatChoice[] {
  return choicesOf.all(db, host).map((row) => FormatChoice.parse(row))
}

/** Keeps what was said; null: it is taken back. */
export function saveFormatChoice(
  db: Queries,
  place: { readonly host: string } & Omit<FormatChoice, 'format'>,
  format: FormatChoice['format'] | null,
): void {
  const { host, library, name, scope } = place
  if (format !== null) {
    const target = [formatChoices.host, formatChoices.library, formatChoices.scope, formatChoices.name]
    db.insert(formatChoices)
      .values({ host, library, name, scope, format })
      .onConflictDoUpdate({ target, set: { format } })
      .run()
    return
  }
  db.delete(formatChoices)
    .where(
      and(
        eq(formatChoices.host, host),
        eq(formatChoices.library, library),
        eq(formatChoices.name, name),
        eq(formatChoices.scope, scope),
      ),
    )
    .run()
}

export function removeFormatChoices(db: Queries, host: string): void {
  db.delete(formatChoices).where(eq(formatChoices.host, host)).run()
}
