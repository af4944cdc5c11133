import { verifyImage, type VerifyOutcome } from '@varve/operations/actions/verify-image'
import { Plan } from '@varve/operations/plans/plan'
import { verifyOperation } from '@varve/operations/read/read-operations'
import type { JournalEntry } from '@varve/operations/runs/journal'
import { runState } from '@varve/operations/runs/run-state'
import type { RunView } from '@varve/protocol/runs'
import type { SetSchedule } from '@varve/protocol/schedules'
import { createEventLog } from '../events/event-log.ts'
import type { StartedRun } from '../router/context.ts'
import type { Runs } from '../runs/runs.ts'
import { createScheduling } from '../schedules/scheduling.ts'
import { openDatabase, write } from '../store/database.ts'
import { saveHost } from '../store/hosts-store.ts'
import { imageIdOf } from '../store/image-id.ts'
import { saveImage } from '../store/save-images.ts'
import { drivenClock, settle } from './driven-clock.ts'
import { sampleFacts, sampleRecord } from './samples.ts'

const host = 'north'
const digest = 'a'.repeat(64)

export interface StoodRun {
  readonly id: string
  readonly name: string
  readonly key: string
  isOver: boolean
}

/** Schedules over a store in memory and runs that end when a test says so; its host keeps the manifests that `kept` says. */
export function scheduledFleet(
  kept: Readonly<Record<string, string | null>>,
  start = '2026-03-01T12:00:00.000Z',
) {
  const db = openDatabase(':memory:')
  const log = createEventLog(db, { keep: 1000, paceMs: 0 })
  const clock = drivenClock(start)
  const runs: StoodRun[] = []
  const started = new Map<StoodRun, StartedRun>()
  const errors: unknown[] = []
  const fleet = {
    clock,
    db,
    runs,
    errors,
    isConnected: true,
    /** What starting a run of that image fails with. */
    refuse: (_name: string): Error | null => null,
  }
  write(db, (tx) => {
    saveHost(tx, { name: host, instance: 'i', session: 's' }, { facts: sampleFacts(host), at: start })
    for (const name of Object.keys(kept)) saveImage(tx, host, sampleRecord(host, name))
  })

  async function startRun(request: StartedRun): Promise<RunView> {
    const name = String(verifyImage.input.parse(request.request).image.path).replace(`/srv/${host}/`, '')
    const error = fleet.refuse(name)
    if (error) throw error
    const known = runs.find(({ key }) => key === request.idempotencyKey)
    const run = known ?? { id: `run-${runs.length + 1}`, name, key: request.idempotencyKey, isOver: false }
    if (!known) runs.push(run)
    started.set(run, request)
    return { id: run.id } as RunView
  }

  const stand = () =>
    createScheduling({
      db,
      log,
      clock,
      atOnce: 1,
      isConnected: () => fleet.isConnected,
      jobs: {
        start: async (_host: string, { names }: { names: string[] }) => ({
          kind: 'proofs',
          provenAt: names.map((name) => kept[name] ?? null),
        }),
        forget: () => {},
      } as never,
      runs: () =>
        ({
          service: { start: startRun },
          view: (id: string) => {
            const run = runs.find((one) => one.id === id)
            return run ? { finishedAt: run.isOver ? new Date(clock.now()).toISOString() : null } : null
          },
        }) as unknown as Runs,
      onImage: () => {},
      onError: (error) => errors.push(error),
    })
  let scheduling = stand()
  scheduling.start()

  return Object.assign(fleet, {
    imageId: (name: string) => imageIdOf(host, 'images', name),
    activity: () => log.activity(null, 100).map(({ title }) => title),
    set: async (change: Partial<SetSchedule> = {}) => {
      const view = scheduling.service.set({
        host,
        library: 'images',
        everySeconds: 86_400,
        window: null,
        isOn: true,
        ...change,
      })
      await clock.forward(0)
      return view
    },
    view: () => {
      const [view] = scheduling.service.list({ host, offset: 0, limit: 10 }).rows
      if (!view) throw new Error('there is no schedule')
      return view
    },
    remove: () => scheduling.service.remove({ host, library: 'images' }),
    /** The names of the images of all runs, in the order of their begin. */
    names: () => runs.map(({ name }) => name),
    /** The host came or went. */
    async presence(isConnected: boolean) {
      fleet.isConnected = isConnected
      scheduling.wake(host)
      await clock.forward(0)
    },
    /** The newest run ends. */
    async end(how: Partial<VerifyOutcome> | 'failed' | 'canceled' = {}) {
      const run = runs.at(-1)
      const request = run && started.get(run)
      if (!run || !request || run.isOver) throw new Error('no run is open')
      run.isOver = true
      const at = new Date(clock.now()).toISOString()
      const asked = verifyImage.input.parse(request.request)
      const plan = Plan.parse(verifyOperation.plan(asked, { host, images: [], problems: [] }))
      const state = typeof how === 'string' ? how : ('succeeded' as const)
      const entries: JournalEntry[] = [
        { event: 'created', at, run: run.id, request: asked, accepted: [], plan, askedBy: 'schedule' },
      ]
      if (typeof how !== 'string') {
        const outcome = { ...equal(kept[run.name] ?? at), ...how }
        const call = { action: verifyImage.name, input: asked }
        entries.push({ event: 'started', at, step: 'verify', attempt: 1, call })
        entries.push({ event: 'done', at, step: 'verify', attempt: 1, outcome, told: '' })
      }
      const last = { event: 'ended' as const, at, state, error: null }
      write(db, (tx) => scheduling.record(tx, last, runState([...entries, last], 'test')))
      await settle()
      await clock.forward(0)
    },
    /** The controller is killed, and another one takes its place. */
    async restart() {
      scheduling.stop()
      scheduling = stand()
      scheduling.start()
      await clock.forward(0)
    },
  })
}

function equal(provenAt: string): VerifyOutcome {
  return {
    state: 'proven',
    digest,
    virtualSize: 64 * 1024 ** 2,
    expected: digest,
    provenAt,
    differing: 0,
    chunks: [],
    ranges: [],
    layers: [],
    filesChanged: [],
    seconds: 1,
  }
}
