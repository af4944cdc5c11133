import { countOf } from '@varve/core/units/format-bytes'
import { everyWords, scheduleStateWords } from '@varve/protocol/schedule-words'
import { DayWindow, LibraryPlace, type ScheduleView } from '@varve/protocol/schedules'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { ask, openFleet, type Fleet, type FleetOptions } from '../fleet.ts'
import { table } from '../output/table.ts'
import { printable } from '../output/text.ts'

export interface ScheduleSetOptions extends FleetOptions {
  readonly every: number
  readonly window?: string
  readonly off?: boolean
}

/** `varve schedule [list]`. */
export async function scheduleList({ controller }: FleetOptions, context: CommandContext): Outcome {
  await using fleet = openFleet(context, controller)
  const all = await ask(controller ?? context.config.controller, () => allSchedules(fleet, context))
  context.print(context.json ? JSON.stringify(all, null, 2) : described(all, context))
  return exitCodes.ok
}

/** `varve schedule set HOST:LIBRARY --every TIME`. */
export async function scheduleSet(
  place: string,
  { controller, every, window, off }: ScheduleSetOptions,
  context: CommandContext,
): Outcome {
  const wish = {
    ...placeOf(place),
    everySeconds: Math.round(every),
    window: window === undefined ? null : windowOf(window),
    isOn: off !== true,
  }
  await using fleet = openFleet(context, controller)
  const view = await ask(controller ?? context.config.controller, () => fleet.api.schedules.set.mutate(wish))
  context.print(context.json ? JSON.stringify(view, null, 2) : described([view], context))
  return exitCodes.ok
}

/** `varve schedule remove HOST:LIBRARY`. */
export async function scheduleRemove(
  place: string,
  { controller }: FleetOptions,
  context: CommandContext,
): Outcome {
  const wish = placeOf(place)
  await using fleet = openFleet(context, controller)
  await ask(controller ?? context.config.controller, () => fleet.api.schedules.remove.mutate(wish))
  context.print(
    context.json ? JSON.stringify({ removed: wish }) : `${printable(place)} has no schedule any more.`,
  )
  return exitCodes.ok
}

function placeOf(text: string): LibraryPlace {
  const [host = '', ...library] = text.split(':')
  const place = LibraryPlace.safeParse({ host, library: library.join(':') })
  if (place.success) return place.data
  throw new UsageError(`${JSON.stringify(text)} is not HOST:LIBRARY.`)
}

function windowOf(text: string): DayWindow {
  const [from, to, ...more] = text.split('-').map((part) => part.trim())
  const window = DayWindow.safeParse({ from, to })
  if (window.success && more.length === 0) return window.data
  throw new UsageError(
    `--window takes two times of the day such as 22:00-06:00, which differ, not ${JSON.stringify(text)}.`,
  )
}

const pageSize = 500

async function allSchedules(fleet: Fleet, { signal }: CommandContext): Promise<ScheduleView[]> {
  const found: ScheduleView[] = []
  for (let offset = 0; ; offset += pageSize) {
    const page = await fleet.api.schedules.list.query({ offset, limit: pageSize }, { signal })
    found.push(...page.rows)
    if (offset + pageSize >= page.total) return found
  }
}

const columns = [
  { title: 'LIBRARY', cut: 'middle' },
  { title: 'VERIFIED' },
  { title: 'NOW', cut: 'end' },
  { title: 'LAST (UTC)' },
  { title: 'NEXT (UTC)' },
  { title: 'IMAGES', align: 'right' },
  { title: 'NO MANIFEST', align: 'right' },
  { title: 'CHANGED', align: 'right' },
] as const

function described(all: readonly ScheduleView[], { config }: CommandContext): string {
  if (all.length === 0)
    return 'No library has a schedule yet: varve schedule set HOST:LIBRARY --every 30d makes one.'
  const rows = all.map((view) => [
    `${view.host}:${view.library}`,
    everyWords(view.everySeconds, view.window),
    scheduleStateWords(view),
    view.lastAt === null ? '' : minuteOf(view.lastAt),
    view.nextAt === null ? '' : Date.parse(view.nextAt) <= Date.now() ? 'now' : minuteOf(view.nextAt),
    String(view.images),
    view.withoutManifest === null ? '?' : String(view.withoutManifest),
    String(view.changed),
  ])
  return [table(columns, rows, config), ...all.flatMap(remarksOf)].join('\n')
}

function remarksOf({ host, library, window, zone, failed, problem }: ScheduleView): string[] {
  const place = printable(`${host}:${library}`)
  return [
    ...(window === null ? [] : [`${place}: from ${window.from} to ${window.to} in ${zone}`]),
    ...(failed === null
      ? []
      : [
          `${place}: ${countOf(failed.images, 'image')} could not be verified, last ${printable(failed.newest.name)}: ${printable(failed.newest.error.message)}`,
        ]),
    ...(problem === null ? [] : [`${place}: its manifests are not known: ${printable(problem.message)}`]),
  ]
}

function minuteOf(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}
