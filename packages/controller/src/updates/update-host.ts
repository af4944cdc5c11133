import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { HostFacts } from '@varve/protocol/hosts'
import type { AgentProgram, ReleaseArchive, UpdateState } from '@varve/protocol/updates'
import type { Jobs } from '../agents/jobs.ts'
import type { Sessions } from '../agents/sessions.ts'
import type { RolloutPlan } from '../store/payload-kinds.ts'
import type { HostOfRollout } from '../store/rollouts-store.ts'

/** What is known of a host: as its newest hello said. */
export type KnownHost = Pick<HostFacts, 'program'> & { readonly libraries: readonly string[] }

export interface UpdateTimes {
  /** How often it is looked whether a host is idle, or back. */
  readonly lookMs: number
  /** An agent that starts anew as another build, or is taken back, is there after so long. */
  readonly backMs: number
  /** One that is to go and is there for so long was not told. */
  readonly staysMs: number
  /** So long a controller that was started waits for hosts to be there again, before it leaves out those that are not. */
  readonly returnMs: number
  /** A build on trial has to answer within so long. */
  readonly healthMs: number
}

export const usualTimes: UpdateTimes = {
  lookMs: 500,
  backMs: 240_000,
  staysMs: 15_000,
  returnMs: 60_000,
  healthMs: 45_000,
}

export interface UpdateHostOptions {
  readonly jobs: Pick<Jobs, 'start'>
  readonly sessions: Pick<Sessions, 'find'>
  readonly knownHost: (host: string) => KnownHost | null
  /** A host has kept the build that it had on trial. */
  readonly onKept: (host: string) => void
  /** What runs on a host, in words; null: nothing. */
  readonly workOf: (host: string) => string | null
  readonly times: UpdateTimes
}

export interface UpdateTools {
  /** Nobody wants the rollout any more: what has not begun to start anew is left as it is. */
  readonly canceled: AbortSignal
  /** This controller stops: everything is left as it stands, to be gone on with. */
  readonly stopped: AbortSignal
  readonly onState: (state: UpdateState, detail: string) => void
  readonly onBefore: (before: { from: string; to: string; libraries: readonly string[] }) => void
}

/** How a host came out of its update. */
export interface UpdateEnd {
  readonly state: Extract<UpdateState, 'updated' | 'rolled-back' | 'failed' | 'skipped'>
  readonly detail: string
}

/** So often a host is told before it is given up. */
const attempts = 3

interface Subject {
  readonly host: string
  readonly build: string
  readonly libraries: readonly string[]
}

/** It has been told to start anew, or may have been. */
export function isBegun({ state }: Pick<HostOfRollout, 'state'>): boolean {
  return state === 'switching' || state === 'checking'
}

/** Updates one host: brings the build there, waits until nothing runs, has the agent start as it, and keeps it or takes it back. */
export function createHostUpdates(options: UpdateHostOptions) {
  const { jobs, sessions, knownHost, onKept, workOf, times } = options

  async function update(plan: RolloutPlan, host: HostOfRollout, tools: UpdateTools): Promise<UpdateEnd> {
    const name = host.host
    const known = knownHost(name)
    const program = known?.program
    if (!known || !program)
      return { state: 'skipped', detail: 'it was not installed so that the fleet can update it' }
    const wanted = plan.builds[program.target]
    if (!wanted) return { state: 'skipped', detail: `the release has nothing for ${program.target}` }
    const { build, archive } = wanted
    const wasBegun = isBegun(host)
    const libraries = wasBegun ? host.libraries : known.libraries
    const subject: Subject = { host: name, build, libraries }
    if (wasBegun) {
      const back = await comesBack(name, null, tools)
      // It may not have been told: then it begins anew.
      const ended = back && (await finish(subject, back, tools))
      if (ended !== null) return ended
    }
    if (program.build === build && !program.isTried) return { state: 'updated', detail: 'it had this build' }
    if (sessions.find(name)?.isConnected !== true) return { state: 'skipped', detail: 'it was not connected' }
    tools.onBefore({ from: program.build, to: build, libraries })
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      try {
        tools.onState('staging', '')
        await stage(subject, archive, { rollout: host.rollout, attempt, canceled: tools.canceled })
        const ended = await switchOver(subject, tools)
        if (ended !== null) return ended
      } catch (error) {
        if (!isDiskError(error, 'agent-gone') || attempt === attempts) throw error
        tools.onState('waiting', 'until it is connected again')
        if (!(await comesBack(name, null, tools))) throw error
      }
    }
    return { state: 'failed', detail: `it was told ${attempts} times, and still runs as before` }
  }

  async function stage(
    { host, build }: Subject,
    archive: ReleaseArchive,
    of: { readonly rollout: string; readonly attempt: number; readonly canceled: AbortSignal },
  ): Promise<void> {
    await jobs.start<'update'>(
      host,
      { kind: 'update', step: 'stage', build, archive },
      {
        idempotencyKey: `update/${of.rollout}/${host}/stage/${of.attempt}`,
        title: `Fetch Varve ${build}`,
        noProgressSeconds: 120,
        signal: of.canceled,
      },
    )
  }

  /** Never while something runs there. Null: the host was not told. */
  async function switchOver(subject: Subject, tools: UpdateTools): Promise<UpdateEnd | null> {
    const { host } = subject
    for (;;) {
      const work = workOf(host)
      if (work !== null) {
        tools.onState('waiting', `until its work is done: ${work}`)
        await pause(tools)
        continue
      }
      const before = sessions.find(host)
      tools.canceled.throwIfAborted()
      tools.onState('switching', '')
      try {
        await ask(subject, 'switch')
      } catch (error) {
        if (isDiskError(error, 'in-use')) {
          tools.onState('waiting', 'until its work is done')
          await pause(tools)
          continue
        }
        // Its answer may have been lost when it went.
        if (!isDiskError(error, 'agent-gone')) throw error
      }
      const back = await comesBack(host, before?.instance ?? null, tools)
      if (back) return await finish(subject, back, tools)
      return { state: 'failed', detail: `it has not come back within ${times.backMs / 1000} seconds` }
    }
  }

  /** What becomes of the build that an agent has come back with; null: it has never begun to run as the wanted one. */
  async function finish(subject: Subject, back: AgentProgram, tools: UpdateTools): Promise<UpdateEnd | null> {
    const { host, build } = subject
    if (back.build !== build)
      return back.rolledBack?.build === build
        ? { state: 'rolled-back', detail: back.rolledBack.reason }
        : null
    if (!back.isTried) return { state: 'updated', detail: '' }
    tools.onState('checking', '')
    const fault = await faultOf(subject)
    if (fault === null) {
      await ask(subject, 'keep')
      onKept(host)
      return { state: 'updated', detail: '' }
    }
    const tried = sessions.find(host)
    tools.onState('checking', `it is taken back: ${fault}`)
    await ask(subject, 'revert', fault).catch((error: unknown) => {
      if (!isDiskError(error, 'agent-gone')) throw error
    })
    const after = await comesBack(host, tried?.instance ?? null, tools)
    return after
      ? { state: 'rolled-back', detail: fault }
      : { state: 'failed', detail: `${fault}; it was taken back, and has not come back since` }
  }

  /** What is wrong with a build on trial, in half a sentence; null: it does what it has to. */
  async function faultOf({ host, libraries }: Subject): Promise<string | null> {
    const known = knownHost(host)
    const missing = libraries.filter((library) => known?.libraries.includes(library) !== true)
    if (missing.length > 0) return `libraries are missing: ${missing.join(', ')}`
    const limit = AbortSignal.timeout(times.healthMs)
    try {
      await jobs.start<'quarantine'>(
        host,
        { kind: 'quarantine' },
        {
          idempotencyKey: `update/${randomBytes(9).toString('hex')}`,
          title: 'See that the new build works',
          noProgressSeconds: Math.ceil(times.healthMs / 1000),
          signal: limit,
        },
      )
      return null
    } catch (error) {
      if (limit.aborted) return `it did no work within ${times.healthMs / 1000} seconds`
      return error instanceof DiskError ? `it cannot work: ${error.message}` : 'it cannot work'
    }
  }

  async function ask(
    { host, build }: Subject,
    step: 'switch' | 'keep' | 'revert',
    reason?: string,
  ): Promise<void> {
    await jobs.start<'update'>(
      host,
      { kind: 'update', step, build, ...(reason !== undefined && { reason: reason.slice(0, 300) }) },
      {
        idempotencyKey: `update/${randomBytes(9).toString('hex')}`,
        title: titles[step](build),
        noProgressSeconds: 60,
        signal: new AbortController().signal,
      },
    )
  }

  /** The program of the agent that comes in the place of `instance`, or of that one where it stays; null: none has come. */
  async function comesBack(
    host: string,
    instance: string | null,
    { stopped }: UpdateTools,
  ): Promise<AgentProgram | null> {
    const until = performance.now() + times.backMs
    let since = performance.now()
    while (performance.now() < until) {
      const agent = sessions.find(host)
      const program = knownHost(host)?.program
      if (!agent?.isConnected) since = performance.now()
      else if (program && (agent.instance !== instance || performance.now() - since > times.staysMs))
        return program
      await sleep(times.lookMs, undefined, { signal: stopped })
    }
    return null
  }

  async function pause({ canceled, stopped }: UpdateTools): Promise<void> {
    await sleep(times.lookMs, undefined, { signal: AbortSignal.any([canceled, stopped]) })
  }

  return { update }
}

const titles = {
  switch: (build: string) => `Start as Varve ${build}`,
  keep: (build: string) => `Keep Varve ${build}`,
  revert: (build: string) => `Take Varve ${build} back`,
} as const
