import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { HostFacts } from '@varve/protocol/hosts'
import type { AgentProgram, UpdateState } from '@varve/protocol/updates'
import type { Jobs } from '../agents/jobs.ts'
import type { Presence, Sessions } from '../agents/sessions.ts'
import type { RolloutPlan } from '../store/payload-kinds.ts'
import type { HostOfRollout } from '../store/rollouts-store.ts'

/** What is known of a host: as its newest hello said. */
export type KnownHost = Pick<HostFacts, 'program'> & { readonly libraries: readonly string[] }

export interface UpdateTimes {
  /** How often it is looked whether a host is idle, or back. */
  readonly lookMs: number
  /** An agent that starts anew as another build, or is taken back, is there after so long. */
  readonly backMs: number
  /** A build on trial has to answer within so long. */
  readonly healthMs: number
}

export const usualTimes: UpdateTimes = { lookMs: 500, backMs: 240_000, healthMs: 45_000 }

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

interface Subject {
  readonly host: string
  readonly build: string
  readonly libraries: readonly string[]
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
    const isBegun = host.state === 'switching' || host.state === 'checking'
    const libraries = isBegun ? host.libraries : known.libraries
    const subject: Subject = { host: name, build, libraries }
    if (isBegun) {
      const back = await comesBack(name, null, tools)
      // It may not have been told: then it begins anew.
      if (!back || back.build === build || back.rolledBack?.build === build)
        return await finish(subject, null, tools)
    }
    if (program.build === build && !program.isTried) return { state: 'updated', detail: 'it had this build' }
    if (sessions.find(name)?.isConnected !== true) return { state: 'skipped', detail: 'it was not connected' }
    tools.onBefore({ from: program.build, to: build, libraries })
    tools.onState('staging', '')
    await jobs.start<'update'>(
      name,
      { kind: 'update', step: 'stage', build, archive },
      {
        idempotencyKey: `update/${host.rollout}/${name}/stage`,
        title: `Fetch Varve ${build}`,
        noProgressSeconds: 120,
        signal: tools.canceled,
      },
    )
    return await switchOver(subject, tools)
  }

  /** Never while something runs there. */
  async function switchOver(subject: Subject, tools: UpdateTools): Promise<UpdateEnd> {
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
      return await finish(subject, before, tools)
    }
  }

  /** `before`: the agent that went; null: not known, as after a start of this controller. */
  async function finish(subject: Subject, before: Presence | null, tools: UpdateTools): Promise<UpdateEnd> {
    const { host, build } = subject
    const back = await comesBack(host, before?.instance ?? null, tools)
    if (!back)
      return { state: 'failed', detail: `it has not come back within ${times.backMs / 1000} seconds` }
    if (back.build !== build) return rolledBack(back, build)
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

  /** The program of the agent that comes in the place of `instance`, once nothing else is on its way; null: none has come. */
  async function comesBack(
    host: string,
    instance: string | null,
    { stopped }: UpdateTools,
  ): Promise<AgentProgram | null> {
    const until = performance.now() + times.backMs
    while (performance.now() < until) {
      const agent = sessions.find(host)
      const program = knownHost(host)?.program
      if (agent?.isConnected && agent.instance !== instance && program) return program
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

function rolledBack({ build: runs, rolledBack: told }: AgentProgram, build: string): UpdateEnd {
  const reason = told?.build === build ? told.reason : `it runs ${runs}`
  return { state: 'rolled-back', detail: reason }
}
