import { DiskError } from '@varve/core/problems/disk-error'
import { needsAcceptance } from '@varve/core/problems/problem'
import type { Services } from '@varve/controller/router/context'
import type { FleetEvent } from '@varve/protocol/events'
import type { ImageRow } from '@varve/protocol/images'
import type { PlanAnswer, RunView } from '@varve/protocol/runs'
import { ago, inventedDigest } from './invented-fleet.ts'
import { inventedRunPlan, inventedScript } from './invented-plans.ts'
import { inventedRunImages } from './invented-run-images.ts'
import { logOf, newRun, runAt, settled } from './invented-run.ts'

export interface InventedRunsOptions {
  readonly rows: readonly ImageRow[]
  /** Whether something was run before. */
  readonly hasPast: boolean
  readonly refuse: () => void
  readonly emit: (event: FleetEvent) => void
  readonly note: (id: string, title: string, at?: string) => void
}

type Wish = Pick<Parameters<Services['runs']['plan']>[0], 'host' | 'operation' | 'request'>

/** Runs that move by themselves, in every state. */
export function inventedRuns(options: InventedRunsOptions): {
  readonly service: Services['runs']
  /** How many are not over. */
  open(): number
  tick(): void
} {
  const { rows, emit, note, refuse } = options
  const runs = new Map<string, RunView>()
  const keys = new Map<string, string>()
  const wishes = new Map<string, Wish>()

  function answer({ host, operation, request }: Wish): PlanAnswer {
    const name = imageIn(request)
    const row = rows.find((one) => one.host === host && one.name === name) ?? null
    const plan = inventedRunPlan({ operation, host, name, row, request })
    return { plan, digest: inventedDigest, script: inventedScript(plan) }
  }

  function add(
    wish: Wish,
    change: { readonly accepted?: readonly string[]; readonly at?: string } = {},
  ): RunView {
    const { plan } = answer(wish)
    if (plan.kind === 'refusal') {
      const [problem] = plan.problems
      throw new DiskError('refused', {
        file: problem?.file ?? wish.operation,
        reason: problem?.message ?? 'it cannot be done',
        remedy: problem?.remedy ?? 'Plan it again.',
      })
    }
    const { accepted = [], at = new Date().toISOString() } = change
    const number = runs.size + 1
    const run = newRun({ id: `run-${number}`, number, plan, accepted, startedAt: at })
    runs.set(run.id, run)
    wishes.set(run.id, wish)
    note(run.id, `${plan.summary}: started`, at)
    return run
  }

  function put(run: RunView): RunView {
    runs.set(run.id, settled(run))
    emit({ kind: 'run-changed', run: settled(run) })
    return settled(run)
  }

  function expect(id: string): RunView {
    const run = runs.get(id)
    if (run) return run
    throw new DiskError('not-in-fleet', { file: id, kind: 'run' })
  }

  /** What runs is stopped now; everything else stays as it is for the undo. */
  function stopped(run: RunView): RunView['steps'] {
    const now = new Date().toISOString()
    return run.steps.map((step) => (step.state === 'running' ? { ...step, finishedAt: now } : step))
  }

  if (options.hasPast) inventPast(rows, { add, put })

  const service: Services['runs'] = {
    plan: async (wish) => answer(wish),
    start: async ({ idempotencyKey, accepted, ...wish }) => {
      const known = runs.get(keys.get(idempotencyKey) ?? '')
      if (known) return known
      const { plan } = answer(wish)
      const open = plan.kind === 'plan' ? plan.warnings.filter(needsAcceptance) : []
      if (open.some(({ id }) => !accepted.includes(id))) {
        const ids = open.map(({ id }) => id)
        throw new DiskError('needs-consent', { file: wish.host, ids, choices: [], findings: ids })
      }
      const run = add(wish, { accepted })
      keys.set(idempotencyKey, run.id)
      return put(run)
    },
    cancel: (id) => {
      const run = expect(id)
      return put({
        ...run,
        state: 'undoing',
        isCanceling: true,
        waitsFor: null,
        progress: null,
        steps: stopped(run),
      })
    },
    resume: (id) => {
      const run = expect(id)
      const steps = run.steps.map((step) =>
        step.state === 'done'
          ? step
          : {
              ...step,
              state: 'waiting' as const,
              startedAt: null,
              finishedAt: null,
              error: null,
              attempt: step.attempt + 1,
            },
      )
      const startedAt = new Date().toISOString()
      return put({
        ...run,
        state: 'running',
        error: null,
        finishedAt: null,
        undoFailures: [],
        steps,
        startedAt,
      })
    },
    undo: (id) => {
      const run = expect(id)
      const now = new Date().toISOString()
      const steps = run.steps.map((step) => (step.finishedAt === null ? step : { ...step, finishedAt: now }))
      return put({ ...run, state: 'undoing', finishedAt: null, undoFailures: [], steps })
    },
    forget: (id) => {
      expect(id)
      runs.delete(id)
      emit({ kind: 'run-removed', id })
    },
    list: ({ limit, state, host, operation }) => {
      refuse()
      return [...runs.values()]
        .filter(
          (run) =>
            (state === 'all' || (state === 'open') === (run.finishedAt === null)) &&
            (host === null || run.hosts.includes(host)) &&
            (operation === null || run.operation === operation),
        )
        .toSorted((a, b) => b.number - a.number)
        .slice(0, limit)
    },
    get: (id) => runs.get(id) ?? null,
    log: (id) => logOf(expect(id)),
    images: (id) => {
      const run = expect(id)
      const request = wishes.get(id)?.request ?? {}
      const name = imageIn(request)
      const row = rows.find((one) => run.hosts.includes(one.host) && one.name === name) ?? null
      return inventedRunImages({ run, row, name, request, rows })
    },
  }
  return {
    service,
    open: () => [...runs.values()].filter(({ finishedAt }) => finishedAt === null).length,
    tick() {
      for (const run of runs.values()) {
        const next = runAt(run, Date.now())
        if (next === run) continue
        put(next)
        if (next.finishedAt !== null) note(run.id, `${run.summary}: ${next.state}`)
      }
    },
  }
}

/** The first name of an image that a request has. */
function imageIn(request: Wish['request']): string {
  for (const key of ['image', 'source', 'sources']) {
    const [value] = [request[key]].flat()
    if (typeof value === 'string') return value
    if (typeof value === 'object' && value !== null && 'path' in value) return String(value.path)
  }
  return ''
}

interface Past {
  readonly add: (
    wish: Wish,
    change?: { readonly accepted?: readonly string[]; readonly at?: string },
  ) => RunView
  readonly put: (run: RunView) => RunView
}

function inventPast(rows: readonly ImageRow[], { add, put }: Past): void {
  const wish = (operation: string, index: number, target?: string): Wish => {
    const row = rows.slice(index).find(({ findings }) => findings.block === 0)
    return {
      host: row?.host ?? 'north',
      operation,
      request: { image: row?.name ?? 'web01.vmdk', ...(target === undefined ? {} : { target }) },
    }
  }
  const ended = (run: RunView) => runAt(run, Date.now())
  put(ended(add(wish('convert', 8, 'wiki08.qcow2'), { at: ago(26 * 3600) })))
  put(failed(runAt(add(wish('clone', 12, 'db12-clone.qcow2'), { at: ago(5 * 3600) }), Date.now())))
  put(ended(add(wish('delete', 14), { at: ago(2 * 3600), accepted: ['dependents-not-seen'] })))
  const canceled = ended(add(wish('chain-flatten', 16), { at: ago(90 * 60) }))
  put({
    ...canceled,
    state: 'canceled',
    steps: canceled.steps.map((step) => (step.undo === null ? step : { ...step, state: 'undone' })),
  })
  put(stuck(failed(ended(add(wish('clone', 18, 'wiki18-clone.vdi'), { at: ago(40 * 60) })))))
  put(add(wish('clone', 0, 'office/web01-clone.vmdk'), { at: ago(9) }))
  const away = add(wish('check', 1), { at: ago(12 * 60) })
  const begun = { state: 'running', startedAt: ago(12 * 60 - 1), attempt: 1 } as const
  put({
    ...away,
    waitsFor: 'south',
    hosts: ['south'],
    steps: away.steps.map((step) => ({ ...step, ...begun })),
  })
}

const noSpace = {
  code: 'no-space',
  layer: 'L1',
  file: '/srv/images/.db12-clone.qcow2.1f0c.part',
  message: 'L1 "/srv/images/.db12-clone.qcow2.1f0c.part": 18.1 GiB are needed and 7.00 GiB are free',
  remedy: 'Free space there, or choose another library.',
  details: {},
} as const

/** The run as if its first step had failed, and all of it were undone. */
function failed(run: RunView): RunView {
  return {
    ...run,
    state: 'failed',
    error: { ...noSpace },
    steps: run.steps.map((step, at) =>
      at === 0
        ? { ...step, state: 'failed', outcome: null, result: null, error: { ...noSpace } }
        : {
            ...step,
            state: 'waiting',
            startedAt: null,
            finishedAt: null,
            attempt: 0,
            outcome: null,
            result: null,
          },
    ),
  }
}

/** What it wrote could not be removed again. */
function stuck(run: RunView): RunView {
  const error = {
    code: 'input-output',
    layer: 'L1',
    file: noSpace.file,
    message: `L1 "${noSpace.file}": the system says: Input/output error`,
    remedy: 'Check the disk and the system log of that host.',
    details: {},
  } as const
  return { ...run, undoFailures: [{ step: 'write', host: run.hosts[0] ?? 'north', error }] }
}
