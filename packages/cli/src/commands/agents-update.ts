import { setTimeout as sleep } from 'node:timers/promises'
import { countOf } from '@varve/core/units/format-bytes'
import { StartRollout, type RolloutHost, type RolloutView, type UpdatesView } from '@varve/protocol/updates'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { ask, askFleet, openFleet, type Fleet, type FleetOptions } from '../fleet.ts'
import { minute } from '../output/minute.ts'
import { printDone } from '../output/print-done.ts'
import { table } from '../output/table.ts'

export interface UpdateOptions extends FleetOptions {
  readonly rings?: string
  /** Seconds. */
  readonly soak?: number
  readonly atOnce?: string
  readonly detach?: boolean
}

const columns = [
  { title: 'HOST', cut: 'middle' },
  { title: 'RING', align: 'right' },
  { title: 'STATE' },
  { title: 'FROM', cut: 'end' },
  { title: 'TO', cut: 'end' },
  { title: 'WHY', cut: 'end' },
] as const

const lookMs = 500

/** `varve agents update [HOST...]`: begins it and follows it to its end. */
export async function agentsUpdate(
  hosts: readonly string[],
  options: UpdateOptions,
  context: CommandContext,
): Outcome {
  await using fleet = openFleet(context, options.controller)
  const controller = options.controller ?? context.config.controller
  const wish = wishOf(hosts, options)
  const begun = await ask(controller, () => fleet.api.updates.start.mutate(wish))
  if (options.detach === true) {
    return printDone(context, begun, `${heading(begun)}\nIt goes on by itself; see: varve agents updates`)
  }
  if (!context.json) context.remark(heading(begun))
  const ended = await ask(controller, () => follow(fleet, begun, context))
  if (ended === null) {
    context.remark('The update goes on without this command; see: varve agents updates')
    return exitCodes.interrupted
  }
  context.print(context.json ? JSON.stringify(ended, null, 2) : outcome(ended))
  return ended.state === 'done' ? exitCodes.ok : exitCodes.migrationFailed
}

/** `varve agents updates` */
export async function agentsUpdates(options: FleetOptions, context: CommandContext): Outcome {
  const view = await askFleet(options, context, ({ api }) => api.updates.view.query())
  if (context.json) {
    context.print(JSON.stringify(view, null, 2))
    return exitCodes.ok
  }
  for (const line of about(view)) context.print(line)
  const [newest] = view.rollouts
  if (!newest) return exitCodes.ok
  context.print(
    `\n${newest.state === 'open' ? goingOn(newest) : `${minute(newest.startedAt)}: ${outcome(newest)}`}`,
  )
  context.print(table(columns, newest.hosts.map(hostRow), context.config))
  return exitCodes.ok
}

/** `varve agents cancel-update` */
export async function agentsCancelUpdate(options: FleetOptions, context: CommandContext): Outcome {
  const canceled = await askFleet(options, context, async ({ api }) => {
    const { rollouts } = await api.updates.view.query()
    const open = rollouts.find(({ state }) => state === 'open')
    return open ? await api.updates.cancel.mutate({ id: open.id }) : null
  })
  const words = 'It is canceled: hosts that are starting anew come to their end, others are left as they are.'
  return printDone(context, canceled, canceled ? words : 'No update is going.')
}

function wishOf(hosts: readonly string[], { rings, soak, atOnce }: UpdateOptions): StartRollout {
  const wish = StartRollout.safeParse({
    ...(hosts.length > 0 && { hosts }),
    ...(rings !== undefined && { rings: rings.split(',').map((ring) => ring.trim()) }),
    ...(soak !== undefined && { soakSeconds: Math.ceil(soak) }),
    ...(atOnce !== undefined && { atOnce: Number(atOnce) }),
  })
  if (wish.success) return wish.data
  const [issue] = wish.error.issues
  const [field] = issue?.path ?? []
  throw new UsageError(
    field === 'rings'
      ? `--rings ${rings}: write it as 1,10%,100%: how many of all hosts are updated at the end of each ring.`
      : field === 'atOnce'
        ? `--at-once ${atOnce}: say a number from 1 to 50.`
        : (issue?.message ?? 'That is no update.'),
  )
}

/** Tells each change of a host in a line; null: the person has left it. */
async function follow(
  fleet: Fleet,
  begun: RolloutView,
  context: CommandContext,
): Promise<RolloutView | null> {
  const told = new Map<string, string>()
  for (;;) {
    const { rollouts } = await fleet.api.updates.view.query()
    const rollout = rollouts.find(({ id }) => id === begun.id) ?? begun
    for (const host of rollout.hosts) {
      const words = stateWords(host)
      if (words === told.get(host.name) || host.changedAt === rollout.startedAt) continue
      told.set(host.name, words)
      if (!context.json) context.remark(`  ${host.name}: ${words}`)
    }
    if (rollout.state !== 'open') return rollout
    await sleep(lookMs, undefined, { signal: context.signal }).catch(() => {})
    if (context.signal.aborted) return null
  }
}

const words: Readonly<Record<RolloutHost['state'], string>> = {
  waiting: 'waits',
  staging: 'fetches it',
  switching: 'starts anew',
  checking: 'is looked at',
  updated: 'updated',
  'rolled-back': 'went back to the build before',
  failed: 'failed',
  skipped: 'left as it is',
}

function stateWords({ state, detail }: Pick<RolloutHost, 'state' | 'detail'>): string {
  return `${words[state]}${detail === '' ? '' : `: ${detail}`}`
}

function heading({ version, rings, soakSeconds }: RolloutView): string {
  const all = rings.reduce((sum, size) => sum + size, 0)
  const parts = rings.length === 1 ? '' : `, in rings of ${rings.join(', ')}, ${soakSeconds} s after each`
  return `Varve ${version} to ${countOf(all, 'host')}${parts}`
}

/** What it is to be, and why it is to end before that. */
function goingOn(rollout: RolloutView): string {
  const { reason } = rollout
  const ends = reason === '' ? '' : `\n  ${reason}, and ends when the hosts that are starting anew are there`
  return `${heading(rollout)}${ends}`
}

function outcome({ version, state, reason, counts }: RolloutView): string {
  const all = Object.entries(counts).filter(([, count]) => count > 0)
  const said = all.map(([of, count]) => `${count} ${words[of as RolloutHost['state']]}`).join(', ')
  const ends = {
    open: 'is going',
    done: 'is done',
    stopped: 'has stopped',
    canceled: 'was canceled',
  } as const
  return `The update to Varve ${version} ${ends[state]}: ${said}.${state === 'stopped' ? `\n  ${reason}` : ''}`
}

function about({ release, outdated, otherwise }: UpdatesView): string[] {
  if (release.version === null) return [`Hosts cannot be updated from here: ${release.reason}.`]
  const rest =
    otherwise === 0
      ? []
      : [`${countOf(otherwise, 'host')} not installed by the line: to be updated by hand, as installed.`]
  return outdated.length === 0
    ? [
        `Varve ${release.version} is served; no host that is connected and can be updated has an older one.`,
        ...rest,
      ]
    : [
        `Varve ${release.version} is served, and is newer than what ${countOf(outdated.length, 'host')} ${outdated.length === 1 ? 'has' : 'have'}: varve agents update.`,
        ...rest,
      ]
}

function hostRow({ name, ring, state, from, to, detail }: RolloutHost): string[] {
  return [name, String(ring + 1), state, from ?? '', to ?? '', detail]
}
