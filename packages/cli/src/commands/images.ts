import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import type { ImageRow } from '@varve/protocol/images'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { ask, openFleet, type Fleet } from '../fleet.ts'
import { table } from '../output/table.ts'
import { rowLimit } from '../row-limit.ts'

export interface ImagesOptions {
  readonly controller?: string
  readonly host?: string
  readonly search: string
  readonly limit: string
}

const pageSize = 500
const columns = [
  { title: 'IMAGE', cut: 'middle' },
  { title: 'LIBRARY', cut: 'middle' },
  { title: 'FORMAT', cut: 'end' },
  { title: 'CONTENTS', cut: 'end' },
  { title: 'DISK', align: 'right' },
  { title: 'ON HOST', align: 'right' },
  { title: 'FINDINGS' },
] as const

/** `varve images [SEARCH]`. */
export async function images(options: ImagesOptions, context: CommandContext): Outcome {
  await using fleet = openFleet(context, options.controller)
  const limit = rowLimit(options.limit)
  const { host } = options
  const controller = options.controller ?? context.config.controller
  const { rows, total } = await readRows(fleet, options, { limit, context })
  // A host that never joined has no images either, and that is another answer.
  if (total === 0 && host !== undefined)
    await ask(controller, () => fleet.api.fleet.host.query({ name: host }, { signal: context.signal }))
  if (context.json) {
    context.print(JSON.stringify({ rows, total, offset: 0 }, null, 2))
    return exitCodes.ok
  }
  if (total === 0) {
    context.print(options.search === '' ? 'No image yet.' : 'No image has that in its name.')
    return exitCodes.ok
  }
  context.print(table(columns, rows.map(cellsOf), context.config))
  if (total > rows.length) context.remark(`${rows.length} of ${total} shown; --limit all shows the rest`)
  return exitCodes.ok
}

interface Reading {
  readonly limit: number
  readonly context: CommandContext
}

/** As many rows as were asked for, page by page. */
async function readRows(
  fleet: Fleet,
  { search, host, controller }: ImagesOptions,
  { limit, context }: Reading,
): Promise<{ rows: ImageRow[]; total: number }> {
  const rows: ImageRow[] = []
  for (;;) {
    const query = {
      search,
      host: host ?? null,
      offset: rows.length,
      limit: Math.min(pageSize, limit - rows.length),
    }
    const page = await ask(controller ?? context.config.controller, () =>
      fleet.api.images.list.query(query, { signal: context.signal }),
    )
    rows.push(...page.rows)
    if (page.rows.length < query.limit || rows.length >= limit) return { rows, total: page.total }
  }
}

function cellsOf(row: ImageRow): string[] {
  const { block, warn } = row.findings
  const state = row.hostState === 'offline' ? 'host offline' : ''
  const findings = block > 0 ? `${block} blocking` : warn > 0 ? countOf(warn, 'warning') : ''
  const kind = [row.format, row.subformat].filter(Boolean).join(' · ')
  const sizes = [size(row.virtualSize), size(row.allocated)]
  return [
    `${row.host}:${row.name}`,
    row.library,
    kind,
    row.contents,
    ...sizes,
    [state, findings].filter(Boolean).join(', '),
  ]
}

function size(bytes: number | null): string {
  return bytes === null ? '?' : formatBytes(bytes)
}
