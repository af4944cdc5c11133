import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { mapLimited } from '@varve/core/async/map-limited'
import type { AuditRecord } from '../audit/audit-log.ts'
import { done } from '../audit/result-of.ts'
import { controllerItself } from '../audit/who-of.ts'
import type { AuditResult } from '@varve/protocol/audit'
import type { StartRollout } from '@varve/protocol/updates'
import { buildOf, isOlder } from '@varve/trust/release-sums'
import type { z } from 'zod'
import { timestamp } from '../clock.ts'
import type { Release, ReleaseState } from '../install/releases.ts'
import type { Services } from '../router/context.ts'
import { write, type Db } from '../store/database.ts'
import type { HostProgram } from '../store/hosts-store.ts'
import type { RolloutPlan } from '../store/payload-kinds.ts'
import {
  addRollout,
  badHostOfRing,
  endRollout,
  findRollout,
  hostOfRollout,
  hostsOfRing,
  newestRollouts,
  openRollout,
  ringSizes,
  rolloutView,
  setBefore,
  setHostState,
  setReason,
  type HostOfRollout,
  type Rollout,
  type RolloutState,
} from '../store/rollouts-store.ts'
import { ringsOf } from './rings.ts'
import {
  createHostUpdates,
  isBegun,
  usualTimes,
  type UpdateEnd,
  type UpdateHostOptions,
  type UpdateTimes,
} from './update-host.ts'

export interface UpdatesOptions extends Omit<UpdateHostOptions, 'times'> {
  readonly db: Db
  readonly releases: () => Promise<ReleaseState>
  /** What runs on all hosts that are connected, by name. */
  readonly connected: () => HostProgram[]
  readonly note: (host: string, title: string) => void
  readonly record: (line: AuditRecord) => void
  readonly onError: (error: unknown) => void
  readonly times?: UpdateTimes
}

/** Rollouts of new builds to the agents of the fleet; one goes at a time, and goes on after a start of the controller. */
export interface Updates {
  readonly service: Services['updates']
  start(): void
  stop(): void
}

const shownRollouts = 5
const shownHosts = 200

export function createUpdates(options: UpdatesOptions): Updates {
  const { db, sessions, knownHost, times = usualTimes } = options
  const hosts = createHostUpdates({ ...options, times })
  const stopped = new AbortController()
  const canceling = new Map<string, AbortController>()

  async function run(rollout: Rollout, isGoneOnWith = false): Promise<void> {
    const canceled = new AbortController()
    canceling.set(rollout.id, canceled)
    // Canceled before this controller was started.
    if (rollout.reason !== '') canceled.abort(whyCanceled(rollout.id))
    try {
      if (isGoneOnWith) await allReturn(rollout.id, canceled.signal)
      for (const ring of ringSizes(db, rollout.id).keys()) {
        await updateRing(rollout, ring, canceled.signal)
        if (stopped.signal.aborted) return
        const fault = canceled.signal.aborted ? null : await soak(rollout, ring, canceled.signal)
        if (canceled.signal.aborted) return end(rollout, 'canceled', canceledWords)
        if (fault !== null) return end(rollout, 'stopped', fault)
      }
      end(rollout, 'done', '')
    } catch (error) {
      if (!stopped.signal.aborted) options.onError(error)
    } finally {
      canceling.delete(rollout.id)
    }
  }

  /** Agents need a while to find a controller that was started: none of them is passed over for that. */
  async function allReturn(id: string, canceled: AbortSignal): Promise<void> {
    const until = performance.now() + times.returnMs
    const rings = [...ringSizes(db, id).keys()]
    const open = rings.flatMap((ring) => hostsOfRing(db, id, ring).filter(({ state }) => !isEnded(state)))
    const isAway = ({ host }: HostOfRollout) => sessions.find(host)?.isConnected !== true
    while (!canceled.aborted && performance.now() < until && open.some(isAway))
      await sleep(times.lookMs, undefined, { signal: stopped.signal })
  }

  async function updateRing({ id, plan }: Rollout, ring: number, canceled: AbortSignal): Promise<void> {
    const open = hostsOfRing(db, id, ring).filter(({ state }) => !isEnded(state))
    await mapLimited(open, plan.atOnce, async (host) => {
      // A host that did not do well keeps those that have not begun from beginning.
      if (stopped.signal.aborted) return
      if (!isBegun(host) && (canceled.aborted || faultOfRing(id, ring) !== null)) return
      await updateOne(plan, host, canceled)
    })
  }

  async function updateOne(plan: RolloutPlan, host: HostOfRollout, canceled: AbortSignal): Promise<void> {
    const set = (state: HostOfRollout['state'], detail: string) => {
      if (stopped.signal.aborted) return
      const known = hostOfRollout(db, host.rollout, host.host)
      if (known?.state === state && known.detail === detail) return
      write(db, (tx) => setHostState(tx, host, { state, detail, at: timestamp() }))
    }
    const ended = await hosts
      .update(plan, host, {
        canceled,
        stopped: stopped.signal,
        onState: set,
        onBefore: (before) => write(db, (tx) => setBefore(tx, host, before)),
      })
      .catch((error: unknown): UpdateEnd => {
        if (canceled.aborted) return { state: 'skipped', detail: canceledWords }
        if (error instanceof DiskError)
          return { state: 'failed', detail: `${error.message}. ${error.remedy}` }
        if (!stopped.signal.aborted) options.onError(error)
        return {
          state: 'failed',
          detail: 'something went wrong that was not expected; the log of the controller has it',
        }
      })
    if (stopped.signal.aborted) return
    set(ended.state, ended.detail)
    tell(host, plan, ended)
  }

  /** What happened to a host is known to who looks later: in the activity, and in the audit log. */
  function tell({ host }: HostOfRollout, { version }: RolloutPlan, { state, detail }: UpdateEnd): void {
    if (state === 'skipped') return
    const words = {
      updated: 'runs',
      'rolled-back': 'went back from',
      failed: 'could not be updated to',
    } as const
    options.note(host, `${host} ${words[state]} Varve ${version}${detail === '' ? '' : `: ${detail}`}`)
    const result: AuditResult =
      state === 'updated' ? done : { state: 'failed', code: state, reason: detail.slice(0, 500) }
    options.record({
      who: controllerItself,
      peer: null,
      what: 'updates.host',
      input: { version },
      on: [`host:${host}`],
      result,
    })
  }

  /** Why the next ring must not begin; null: this one has done well for long enough. */
  async function soak({ id, plan }: Rollout, ring: number, canceled: AbortSignal): Promise<string | null> {
    const fault = faultOfRing(id, ring)
    if (fault !== null) return fault
    const updated = hostsOfRing(db, id, ring).filter(({ state }) => state === 'updated')
    if (updated.length === 0) return null
    await sleep(plan.soakSeconds * 1000, undefined, {
      signal: AbortSignal.any([canceled, stopped.signal]),
    }).catch(() => {})
    stopped.signal.throwIfAborted()
    const lost = updated.filter(
      ({ host, toBuild }) =>
        sessions.find(host)?.isConnected !== true ||
        (toBuild !== null && knownHost(host)?.program?.build !== toBuild),
    )
    return lost.length === 0
      ? null
      : `${lost.map(({ host }) => host).join(', ')}: updated, and not there ${plan.soakSeconds} seconds later`
  }

  function faultOfRing(id: string, ring: number): string | null {
    const bad = badHostOfRing(db, id, ring)
    if (!bad) return null
    return `${bad.host} ${bad.state === 'failed' ? 'could not be updated' : 'went back to the build before'}: ${bad.detail}`
  }

  function end(rollout: Rollout, state: RolloutState, reason: string): void {
    write(db, (tx) => endRollout(tx, rollout.id, { state, reason, at: timestamp() }))
  }

  const service: Services['updates'] = {
    async view() {
      const { release, reason } = await options.releases()
      const builds = release ? buildsOf(release) : {}
      const connected = options.connected()
      return {
        release: release ? { version: release.version, reason: null } : { version: null, reason },
        outdated: outdated(connected, builds),
        otherwise: connected.filter(({ program }) => program === null).length,
        rollouts: newestRollouts(db, shownRollouts).map((one) => rolloutView(db, one, shownHosts)),
      }
    },
    async start(wish) {
      const { release, reason } = await options.releases()
      if (!release)
        throw refused(`no release is served: ${reason}`, 'See docs/install.md: varve controller --releases.')
      const builds = buildsOf(release)
      const names = chosen(wish, builds, release.version)
      const id = randomBytes(9).toString('base64url')
      const { soakSeconds, atOnce } = wish
      write(db, (tx) => {
        const going = openRollout(tx)
        if (going)
          throw refused(
            `Varve ${going.plan.version} is being rolled out`,
            'Wait for its end, or cancel that.',
          )
        const plan = { version: release.version, builds, soakSeconds, atOnce }
        addRollout(tx, { id, plan, startedAt: timestamp() }, ringsOf(names, wish.rings))
      })
      const rollout = known(id)
      void run(rollout)
      return rolloutView(db, rollout, shownHosts)
    },
    cancel(id) {
      const rollout = known(id)
      if (rollout.state === 'open') write(db, (tx) => setReason(tx, id, canceledWords))
      canceling.get(id)?.abort(whyCanceled(id))
      return rolloutView(db, known(id), shownHosts)
    },
  }

  function known(id: string): Rollout {
    const rollout = findRollout(db, id)
    if (!rollout)
      throw new DiskError('refused', {
        file: id,
        reason: 'there is no such rollout',
        remedy: 'See what there is: varve agents updates.',
      })
    return rollout
  }

  function chosen(
    wish: z.output<typeof StartRollout>,
    builds: RolloutPlan['builds'],
    version: string,
  ): string[] {
    const able = outdated(options.connected(), builds)
    const names = wish.hosts ? [...new Set(wish.hosts)] : able
    for (const name of names) {
      if (able.includes(name)) continue
      const program = knownHost(name)?.program
      const agent = sessions.find(name)
      if (!agent) throw new DiskError('not-in-fleet', { file: name, kind: 'host' })
      if (!agent.isConnected) throw refused(`${name} is not connected`, 'Leave it out, or start its agent.')
      if (!program)
        throw refused(
          `${name} was not installed so that the fleet can update it`,
          'Update it as it was installed (docs/install.md), or leave it out.',
        )
      const wanted = builds[program.target]
      if (!wanted)
        throw refused(`the release has nothing for ${program.target}, which ${name} is`, 'Leave it out.')
      if (wanted.build !== program.build)
        throw refused(`${name} has a newer one: ${program.build}`, 'Leave it out.')
    }
    const wanted = names.filter((name) => able.includes(name))
    if (wanted.length === 0)
      throw refused(
        `every host that is connected and can be updated has Varve ${version}`,
        'Nothing is to be done.',
      )
    return wanted
  }

  return {
    service,
    start() {
      const going = openRollout(db)
      if (going) void run(going, true)
    },
    stop: () => stopped.abort(),
  }
}

/** The hosts that a release has a newer build for. */
function outdated(connected: readonly HostProgram[], builds: RolloutPlan['builds']): string[] {
  return connected.flatMap(({ name, program }) => {
    const wanted = program && builds[program.target]
    return wanted && wanted.build !== program.build && !isOlder(wanted.build, program.build) ? [name] : []
  })
}

/** What the release has for each target. */
function buildsOf({ version, files }: Release): RolloutPlan['builds'] {
  const builds: RolloutPlan['builds'] = {}
  for (const { name, sum, size } of files.values()) {
    const target = /-(?<target>[a-z0-9]+-[a-z0-9]+)\.tar\.gz$/u.exec(name)?.groups?.['target']
    if (target !== undefined)
      builds[target] = { build: buildOf({ version, sum }), archive: { name, sum, size } }
  }
  return builds
}

/** Kept with an open rollout too, so that a start of the controller does not forget it. */
const canceledWords = 'it was canceled'

function whyCanceled(id: string): DiskError {
  return new DiskError('canceled', { file: id, what: 'the rollout' })
}

function isEnded(state: HostOfRollout['state']): boolean {
  return ['updated', 'rolled-back', 'failed', 'skipped'].includes(state)
}

function refused(reason: string, remedy: string): DiskError {
  return new DiskError('refused', { file: 'the update', reason, remedy })
}
