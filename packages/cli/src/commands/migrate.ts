import { formatByEnding, isWritable, notWritten, writableFormats } from '@varve/core/formats/writable-formats'
import { readReadingChoices } from '@varve/core/image/reading-choices'
import { DiskError } from '@varve/core/problems/disk-error'
import { needsAcceptance, type Problem } from '@varve/core/problems/problem'
import { migrationNumbers } from '@varve/protocol/migration-numbers'
import type { MigrationRequest, MigrationView } from '@varve/protocol/migrations'
import type { PlanView } from '@varve/protocol/plans'
import { FileName } from '@varve/protocol/primitives'
import { randomUUID } from 'node:crypto'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import { idsOf } from '../consent.ts'
import { exitCodes } from '../exit-codes.ts'
import { ask, openFleet, type Fleet } from '../fleet.ts'
import { addressesOf, type Address } from '../input.ts'
import { StallRemarks } from '../output/stall-remarks.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { describePlan } from '../output/describe-plan.ts'
import { paintWith } from '../output/text.ts'
import { describeMigration } from './migrations.ts'

export interface MigrateOptions {
  readonly controller?: string
  readonly image: string
  readonly target: string
  readonly library?: string
  /** The library of the source, where several have an image of its name. */
  readonly sourceLibrary?: string
  readonly outputFormat?: string
  readonly subformat?: string
  readonly compress?: 'zlib' | 'zstd'
  /** Into a volume of LVM: the pool that it is thin in. */
  readonly thinPool?: string
  /** Into a volume of ZFS: nothing is kept back for it. */
  readonly sparse?: boolean
  readonly plan?: boolean
  readonly accept?: string
  /** Reading choices, each as `name=value`. */
  readonly read?: readonly string[]
  readonly detach?: boolean
}

/** `varve migrate HOST:NAME HOST:NAME`: shows the plan, starts it, follows it to its end. */
export async function migrate(options: MigrateOptions, context: CommandContext): Outcome {
  await using fleet = openFleet(context, options.controller)
  const controller = options.controller ?? context.config.controller
  const paint = paintWith(context.config.color)
  const request = await buildRequest(fleet, controller, options)
  const plan = await ask(controller, () =>
    fleet.api.migrations.plan.query(request, { signal: context.signal }),
  )
  const asked = options.plan ? null : questionsOf(plan, options.accept)
  if (asked !== null) {
    if (!context.json) context.print(describePlan(plan, paint))
    throw new DiskError('needs-consent', { file: options.image, ...asked })
  }
  if (plan.kind === 'refusal' || options.plan) {
    context.print(context.json ? JSON.stringify(plan, null, 2) : describePlan(plan, paint))
    return plan.kind === 'plan' ? exitCodes.ok : exitCodes.migrationFailed
  }
  const accepted = acceptWarnings(plan.warnings, options.accept)
  if (!context.json) context.remark(describePlan(plan, paint))
  // What was named is accepted also where only the fresh inspection will find it.
  const words = [...new Set([...accepted.ids, ...idsOf(options.accept)])]
  const start = { ...request, idempotencyKey: randomUUID(), accepted: words }
  const started = await ask(controller, () => fleet.api.migrations.start.mutate(start))
  if (options.detach) {
    context.print(
      context.json
        ? JSON.stringify(started, null, 2)
        : `Migration ${started.number} started; see: varve migrations ${started.number}`,
    )
    return exitCodes.ok
  }
  const ended = await followMigration(fleet, started, context)
  if (ended === null) return exitCodes.interrupted
  context.print(context.json ? JSON.stringify(ended, null, 2) : describeMigration(ended, paint))
  return ended.state === 'succeeded' ? exitCodes.ok : exitCodes.migrationFailed
}

/**
 * Which of the warnings are accepted by `--accept`, and which are not yet; what needs no acceptance is in neither. `all` is no
 * word on a finding that asks for one by name.
 */
export function acceptWarnings(
  warnings: readonly Pick<Problem, 'id' | 'severity' | 'asks'>[],
  accept: string | undefined,
): { ids: string[]; missing: string[] } {
  const named = idsOf(accept)
  const waiting = warnings.filter(needsAcceptance)
  const unique = [...new Set(waiting.map(({ id }) => id))]
  const asked = new Set(waiting.filter(({ asks }) => asks === true).map(({ id }) => id))
  const ids = unique.filter((id) => named.has(id) || (named.has(everything) && !asked.has(id)))
  return { ids, missing: unique.filter((id) => !ids.includes(id)) }
}

const everything = 'all'

/** What a plan waits for and `--accept` and `--read` can give: warnings to accept, choices to make; null when nothing, or when that would not do. */
export function questionsOf(
  plan: PlanView,
  accept: string | undefined,
): { ids: string[]; choices: string[]; findings: string[] } | null {
  const problems = plan.kind === 'plan' ? plan.warnings : plan.problems
  const blocking = problems.filter(({ severity }) => severity === 'block')
  if (blocking.some(({ settledBy }) => settledBy === undefined)) return null
  const open = problems.filter(({ severity }) => severity !== 'block')
  const ids = acceptWarnings(open, accept).missing
  const choices = [...new Set(blocking.flatMap(({ settledBy }) => settledBy ?? []))]
  if (ids.length + choices.length === 0) return null
  const findings = [...blocking, ...open.filter(({ id }) => ids.includes(id))].map(({ message }) => message)
  return { ids, choices, findings: [...new Set(findings)] }
}

function splitPlace(text: string): { host: string; name: string } {
  const colon = text.indexOf(':')
  if (colon <= 0 || colon === text.length - 1)
    throw new UsageError(`${JSON.stringify(text)} is not HOST:NAME.`)
  return { host: text.slice(0, colon), name: text.slice(colon + 1) }
}

async function buildRequest(
  fleet: Fleet,
  controller: string,
  options: MigrateOptions,
): Promise<MigrationRequest> {
  const source = splitPlace(options.image)
  const target = splitPlace(options.target)
  const name = FileName.safeParse(target.name)
  if (!name.success) {
    const reason = name.error.issues[0]?.message ?? 'a plain file name'
    throw new UsageError(`The target cannot be named ${JSON.stringify(target.name)}: ${reason}.`)
  }
  const library = await targetLibrary(fleet, controller, { host: target.host, name: options.library })
  const format = options.outputFormat ?? (library.isOfVolumes ? 'raw' : formatByEnding(target.name))
  if (format === null) throw new UsageError(`Say the target format with -O ${writableFormats.join('|')}.`)
  if (!isWritable(format)) throw notWritten(format, options.target)
  const read = readReadingChoices(options.read ?? [])
  if ('fault' in read) throw new UsageError(read.fault)
  const { sourceLibrary = null } = options
  const { id, choices } = await findImage(fleet, controller, { ...source, library: sourceLibrary })
  const { vhdBitmap, vhdSize } = read.choices
  return {
    image: id,
    reading: { vhdBitmap, vhdSize, ...choices },
    targetHost: target.host,
    targetLibrary: library.name,
    name: target.name,
    format,
    subformat: options.subformat ?? null,
    compression: options.compress ?? 'none',
    thinPool: options.thinPool ?? null,
    sparse: options.sparse === true,
  }
}

/** The image that HOST:NAME means, and which snapshot or disk of it. */
async function findImage(
  fleet: Fleet,
  controller: string,
  source: { host: string; name: string; library: string | null },
): Promise<{ id: string; choices: Address['choices'] }> {
  const { host, library } = source
  const file = `${host}:${source.name}`
  for (const { name, choices } of addressesOf(source.name)) {
    const page = await ask(controller, () => fleet.api.images.list.query({ host, library, name, limit: 500 }))
    const [image, ...others] = page.rows
    if (!image) continue
    if (others.length === 0) return { id: image.id, choices }
    const libraries = page.rows.map((row) => row.library).join(', ')
    throw new UsageError(
      `${file} is in several libraries; say with --source-library which is meant: ${libraries}.`,
    )
  }
  throw new DiskError('not-in-fleet', { file, kind: 'image' })
}

/** The library that is meant: the only one of the host where none is named. */
async function targetLibrary(
  fleet: Fleet,
  controller: string,
  { host, name }: { readonly host: string; readonly name: string | undefined },
): Promise<{ readonly name: string; readonly isOfVolumes: boolean }> {
  const { libraries } = await ask(controller, () => fleet.api.fleet.host.query({ name: host }))
  // One that is not there is told of by the plan.
  if (name !== undefined)
    return { name, isOfVolumes: libraries.some((each) => each.name === name && each.volumes !== undefined) }
  const [library, ...others] = libraries
  if (!library) throw new UsageError(`${host} has no library.`)
  if (others.length > 0)
    throw new UsageError(
      `${host} has several libraries; choose one with --library: ${libraries.map((each) => each.name).join(', ')}.`,
    )
  return { name: library.name, isOfVolumes: library.volumes !== undefined }
}

const ended = new Set(['succeeded', 'failed', 'canceled'])

/** Follows a migration until it ends; Ctrl-C stops following, not the migration, and gives null. */
async function followMigration(
  fleet: Fleet,
  { id, number }: MigrationView,
  context: CommandContext,
): Promise<MigrationView | null> {
  const lines = new StepLines(context.config.isTerminal)
  const { promise, resolve, reject } = Promise.withResolvers<MigrationView | null>()
  const stalls = new StallRemarks((text) => {
    lines.end()
    context.remark(text)
  })
  const take = (migration: MigrationView) => {
    if (ended.has(migration.state)) return resolve(migration)
    stalls.show(migration)
    lines.show(migration)
  }
  const subscription = fleet.api.events.live.subscribe(
    { lastEventId: null },
    {
      onData: ({ data }) => {
        for (const { event } of data) {
          if (event.kind === 'migration-changed' && event.migration.id === id) take(event.migration)
        }
      },
      onError: reject,
    },
  )
  // The end may have come before the subscription stood, or while the controller was away.
  const timer = setInterval(() => {
    const askedAt = new Date()
    fleet.api.migrations.get.query({ id }).then(take, () => stalls.lost(askedAt))
  }, 2000)
  const stop = () => {
    lines.end()
    context.remark(
      `No longer followed; migration ${number} goes on. See it with: varve migrations ${number}; end it with: varve migrations ${number} --cancel`,
    )
    resolve(null)
  }
  if (context.signal.aborted) stop()
  context.signal.addEventListener('abort', stop, { once: true })
  try {
    return await promise
  } finally {
    clearInterval(timer)
    subscription.unsubscribe()
    context.signal.removeEventListener('abort', stop)
    lines.end()
  }
}

/** A progress line for the step that moves bytes now. */
class StepLines {
  readonly #isTerminal: boolean
  #title = ''
  #line: ProgressLine | null = null

  constructor(isTerminal: boolean) {
    this.#isTerminal = isTerminal
  }

  show(migration: MigrationView): void {
    const step = migration.steps.find(({ state }) => state === 'running')
    if (!step || !migration.progress) return
    const { done, total, rate, secondsLeft } = migrationNumbers(migration)
    if (step.title !== this.#title) {
      this.end()
      this.#title = step.title
      this.#line = new ProgressLine(step.title.toLowerCase(), this.#isTerminal)
    }
    this.#line?.show({ done, total, rate, secondsLeft })
  }

  end(): void {
    this.#line?.end()
  }
}
