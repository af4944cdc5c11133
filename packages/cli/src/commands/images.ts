import { countOf, formatBytes } from '@varve/core/binary/format-bytes'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { ask, openFleet } from '../fleet.ts'
import { table } from '../output/text.ts'

export interface ImagesOptions {
  readonly controller?: string
  readonly host?: string
  readonly search: string
  readonly limit: string
}

/** A count of rows as written on the command line. */
export function rowLimit(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > 500)
    throw new UsageError('--limit takes a whole number from 1 to 500.')
  return limit
}

/** `varve images [SEARCH]`. */
export async function images(options: ImagesOptions, context: CommandContext): Outcome {
  await using fleet = openFleet(context, options.controller)
  const query = { search: options.search, host: options.host ?? null, limit: rowLimit(options.limit) }
  const page = await ask(options.controller ?? context.config.controller, () =>
    fleet.api.images.list.query(query, { signal: context.signal }),
  )
  if (context.json) {
    context.print(JSON.stringify(page, null, 2))
    return exitCodes.ok
  }
  const rows = page.rows.map((row) => {
    const findings =
      row.findings.block > 0
        ? `${row.findings.block} blocking`
        : row.findings.warn > 0
          ? countOf(row.findings.warn, 'warning')
          : ''
    const kind = [row.format, row.subformat].filter(Boolean).join(' · ')
    return [
      `${row.host}:${row.name}`,
      row.library,
      kind,
      row.contents,
      size(row.virtualSize),
      size(row.allocated),
      findings,
    ]
  })
  context.print(
    table(['IMAGE', 'LIBRARY', 'FORMAT', 'CONTENTS', 'DISK', 'ON HOST', 'FINDINGS'], rows, [4, 5]),
  )
  if (page.total > page.rows.length) context.remark(`${page.rows.length} of ${page.total} shown`)
  return exitCodes.ok
}

function size(bytes: number | null): string {
  return bytes === null ? '?' : formatBytes(bytes)
}
