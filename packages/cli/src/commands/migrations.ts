import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import { nameOfKind } from '@varve/core/formats/writable-formats'
import { movedWords } from '@varve/protocol/migration-words'
import { EndedState, type MigrationView } from '@varve/protocol/migrations'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { ask, openFleet, type Fleet } from '../fleet.ts'
import { groupDigest, paintWith, printable, shortDigest, type Paint } from '../output/text.ts'
import { table, type TableOptions } from '../output/table.ts'
import { rowLimit } from '../row-limit.ts'

export interface MigrationsOptions {
  readonly controller?: string
  readonly id: string | null
  readonly cancel?: boolean
  readonly forget?: boolean
  /** States of those that are cleared, comma-separated. */
  readonly clear?: string
  readonly limit: string
}

/** `varve migrations [ID]`: the list, or one; ID is the number or the id. */
export async function migrations(options: MigrationsOptions, context: CommandContext): Outcome {
  await using fleet = openFleet(context, options.controller)
  const controller = options.controller ?? context.config.controller
  const asked = (['cancel', 'forget', 'clear'] as const).filter((name) => options[name] !== undefined)
  if (asked.length > 1) throw new UsageError(`Say one of --${asked.join(' and --')}, not both.`)
  if (options.id !== null && options.clear !== undefined)
    throw new UsageError('--clear takes no migration; one alone is taken out with --forget.')
  if (options.id === null) {
    if (options.cancel) throw new UsageError('Say which migration to cancel.')
    if (options.forget) throw new UsageError('Say which migration to forget, or use --clear.')
    if (options.clear !== undefined) return await clear(fleet, { controller, states: options.clear }, context)
    const list = await ask(controller, () =>
      fleet.api.migrations.list.query({ limit: rowLimit(options.limit, 500) }, { signal: context.signal }),
    )
    context.print(context.json ? JSON.stringify(list, null, 2) : describeList(list, context.config))
    return exitCodes.ok
  }
  const id = await idOf(
    options.id,
    async (number) => await ask(controller, () => fleet.api.migrations.list.query({ number })),
  )
  if (options.forget) {
    await ask(controller, () => fleet.api.migrations.forget.mutate({ id }))
    context.print(context.json ? JSON.stringify({ cleared: 1 }) : 'Cleared. No image was touched.')
    return exitCodes.ok
  }
  const migration = await ask(controller, () =>
    options.cancel
      ? fleet.api.migrations.cancel.mutate({ id })
      : fleet.api.migrations.get.query({ id }, { signal: context.signal }),
  )
  context.print(
    context.json
      ? JSON.stringify(migration, null, 2)
      : describeMigration(migration, paintWith(context.config.color)),
  )
  return exitCodes.ok
}

interface Clearing {
  readonly controller: string
  readonly states: string
}

async function clear(fleet: Fleet, { controller, states }: Clearing, context: CommandContext): Outcome {
  const wanted = states.split(',').map((state) => EndedState.safeParse(state.trim()))
  if (wanted.some(({ success }) => !success))
    throw new UsageError('--clear takes failed, canceled, succeeded, or several of them with commas.')
  const { cleared } = await ask(controller, () =>
    fleet.api.migrations.clear.mutate({ states: wanted.flatMap(({ data }) => data ?? []) }),
  )
  const words =
    cleared === 0
      ? 'No migration ended like that.'
      : `${countOf(cleared, 'migration')} cleared. No image was touched.`
  context.print(context.json ? JSON.stringify({ cleared }) : words)
  return exitCodes.ok
}

async function idOf(text: string, withNumber: (number: number) => Promise<MigrationView[]>): Promise<string> {
  if (!/^\d{1,15}$/u.test(text)) return text
  const [found] = await withNumber(Number(text))
  return found?.id ?? text
}

const columns = [
  { title: 'NO', align: 'right' },
  { title: 'STATE' },
  { title: 'FROM', cut: 'middle' },
  { title: 'TO', cut: 'middle' },
  { title: 'MOVED', align: 'right' },
  { title: 'PROVEN' },
] as const

function describeList(list: readonly MigrationView[], options: TableOptions): string {
  if (list.length === 0) return 'No migration yet.'
  const rows = list.map(({ number, state, source, target, sourceDigest, verified, transferredBytes }) => [
    String(number),
    state,
    `${source.host}:${source.name}`,
    `${target.host}:${target.name}`,
    transferredBytes === null ? '' : formatBytes(transferredBytes),
    verified && sourceDigest ? shortDigest(sourceDigest) : '',
  ])
  return table(columns, rows, options)
}

const marks = { waiting: '○', running: '◔', done: '✓', failed: '✗', undone: '↶', skipped: '–' } as const

/** One migration in full: steps, bytes, digests, error. */
export function describeMigration(migration: MigrationView, paint: Paint): string {
  const { number, state, source, target, steps, sourceDigest, targetDigest, verified, error, aftermath } =
    migration
  const lines = [
    paint(
      'bold',
      printable(
        `Migration ${number}: ${source.host}:${source.name} → ${target.host}:${target.name} (${nameOfKind(target.format, target.subformat)}) — ${state}`,
      ),
    ),
    ...steps.map(
      (step) =>
        `  ${marks[step.state]} ${step.layer.padEnd(3)} ${step.title.padEnd(12)} ${printable(step.outcome ?? step.does)}`,
    ),
  ]
  if (migration.stall) lines.push(paint('yellow', printable(migration.stall.message)))
  lines.push(`moved   ${movedWords(migration)}`)
  if (sourceDigest !== null) lines.push(`source  ${groupDigest(sourceDigest)}`)
  if (targetDigest !== null) lines.push(`arrived ${groupDigest(targetDigest)}${verified ? '  equal' : ''}`)
  if (error) lines.push(paint('red', printable(error.message)), `  ${printable(error.remedy)}`)
  if (aftermath) lines.push(printable(aftermath))
  return lines.join('\n')
}
