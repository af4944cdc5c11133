import { fileURLToPath } from 'node:url'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { AdapterTable } from '../actions/adapter.ts'
import type { RunState } from '@varve/operations/runs/run-state'
import { isOver } from '@varve/operations/runs/run-state'
import { openTestHost, type TestHostOptions } from './test-host.ts'

export interface KillWalk {
  readonly operation: string
  /** Makes the files in a fresh folder, and says what is asked for. */
  readonly prepare: (folder: string) => Promise<unknown>
  readonly accepted?: readonly string[]
  /** A module of the system's own parts, and where it lies. */
  readonly system?: SystemModule & { readonly url: string }
  /** Throws unless the original or the result is there whole; called right after each kill. */
  readonly atAnyTime: (folder: string) => Promise<void>
  /** Throws unless the result is there. */
  readonly whenDone: (folder: string, state: RunState) => Promise<void>
  /** Throws unless all is as it was. Left out: the operation has no way back. */
  readonly whenUndone?: (folder: string, state: RunState) => Promise<void>
  /** Of a long walk: one of so many entries, from a random one on; an odd number, for beginnings and ends. All with VARVE_ALL_KILLS=1. */
  readonly oneOf?: number
}

/** What a system has of its own. */
export type SystemParts = Pick<
  TestHostOptions,
  'readPlaces' | 'ways' | 'windowsHost' | 'macHost' | 'toolFolders' | 'findWriters'
> & {
  readonly adapters: AdapterTable
}

/** The parts, or what opens those of a folder; they are closed again by their disposal. */
export type SystemModule =
  SystemParts | { readonly openSystem: (folder: string) => Promise<SystemParts & AsyncDisposable> }

export interface KillWalked {
  /** Deaths after which the run went on to its end, and after which it was canceled and undone. */
  readonly resumed: number
  readonly undone: number
}

/**
 * Runs an operation in processes of their own that are killed (SIGKILL) before and after each entry of the journal; then it is
 * resumed in one folder and canceled in another.
 */
export async function walkKills(walk: KillWalk): Promise<KillWalked> {
  const walked = { resumed: 0, undone: 0 }
  const stride = process.env['VARVE_ALL_KILLS'] === '1' ? 1 : (walk.oneOf ?? 1)
  const firstAt = 2 + Math.floor(Math.random() * stride)
  const wishes = walk.whenUndone ? (['resume', 'cancel'] as const) : (['resume'] as const)
  for (const wish of wishes) {
    for (let at = firstAt; ; at += stride) {
      const deaths: boolean[] = []
      for (const when of whensAt(at)) deaths.push(await dieAt(walk, { at, when, wish }))
      walked[wish === 'resume' ? 'resumed' : 'undone'] += deaths.filter((died) => died).length
      if (deaths.every((died) => !died)) break
    }
  }
  return walked
}

/**
 * Steps follow each other: their beginnings are the even entries, their ends the odd ones. Between the end of one and the beginning of
 * the next nothing happens, so that dying after the one or before the other is the same.
 */
function whensAt(at: number): readonly Death['when'][] {
  return at > 2 && at % 2 === 0 ? ['after'] : ['before', 'after']
}

interface Death {
  readonly at: number
  readonly when: 'before' | 'after'
  readonly wish: 'resume' | 'cancel'
}

const script = fileURLToPath(new URL('killed-run.ts', import.meta.url))

/** Whether the process was killed before the run was over. */
async function dieAt(walk: KillWalk, { at, when, wish }: Death): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-test-'))
  try {
    const request = await walk.prepare(folder)
    const { operation, accepted = [], system } = walk
    const adapters = system?.url ?? null
    const orders = JSON.stringify({ folder, operation, request, accepted, at, when, adapters })
    const child = await execa(process.execPath, ['--no-warnings', script, orders], { reject: false })
    const where = `killed ${when} entry ${at}`
    if (child.signal !== 'SIGKILL' && child.exitCode !== 0) throw new Error(`${where}: ${child.stderr}`)
    await told(where, async () => walk.atAnyTime(folder))
    await using parts = await partsIn(system, folder)
    await using host = openTestHost(folder, parts)
    const [run] = await host.runs.list()
    if (!run) throw new Error(`${where}: there is no run`)
    if (isOver(run.state)) {
      const { phase, error } = run.state
      if (phase !== 'succeeded') throw new Error(`${where}: ${phase}, ${error?.message ?? ''}`)
      await told(where, async () => walk.whenDone(folder, run.state))
      return child.signal === 'SIGKILL'
    }
    const state = await host.runs[wish](run.state.id, { stop: new AbortController().signal })
    const wanted = wish === 'resume' ? 'succeeded' : 'canceled'
    if (state.phase !== wanted)
      throw new Error(
        `${where}, then ${wish}: ${state.phase}, ${state.error?.message ?? ''} ${JSON.stringify(state.undoFailures)}`,
      )
    await told(`${where}, then ${wish}`, async () =>
      wish === 'resume' ? walk.whenDone(folder, state) : walk.whenUndone?.(folder, state),
    )
    return true
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Those of a module, with what closes them. */
export async function partsIn(
  system: SystemModule | undefined,
  folder: string,
): Promise<Partial<SystemParts> & AsyncDisposable> {
  const nothingToClose = { [Symbol.asyncDispose]: async () => Promise.resolve() }
  if (!system) return nothingToClose
  if ('openSystem' in system) return await system.openSystem(folder)
  const { adapters, readPlaces, ways } = system
  return { adapters, ...(readPlaces && { readPlaces }), ...(ways && { ways }), ...nothingToClose }
}

async function told(where: string, check: () => Promise<void> | undefined): Promise<void> {
  try {
    await check()
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
