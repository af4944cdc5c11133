import { flushCompileCache } from 'node:module'
import { openTestHost } from './test-host.ts'
import { partsIn, type SystemModule } from './walk-kills.ts'

/** A process that begins a run and kills itself (SIGKILL) at an entry of its journal; it ends with code 0 when the run was over before. */
interface Orders {
  readonly folder: string
  readonly operation: string
  readonly request: unknown
  readonly accepted: readonly string[]
  readonly at: number
  readonly when: 'before' | 'after'
  /** URL of a module of its own parts; null: those that are alike on every system. */
  readonly adapters: string | null
}

const orders = JSON.parse(process.argv[2] ?? '') as Orders
const system = orders.adapters === null ? undefined : ((await import(orders.adapters)) as SystemModule)
await using parts = await partsIn(system, orders.folder)
await using host = openTestHost(orders.folder, {
  ...parts,
  onEntry: (when, count) => {
    const reached = when === 'before' ? count + 1 : count
    if (when !== orders.when || reached !== orders.at) return
    // Who is killed keeps nothing: the next one would compile all of it again.
    flushCompileCache()
    process.kill(process.pid, 'SIGKILL')
  },
})
const plan = await host.plan(orders.operation, orders.request)
if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
const { request, accepted } = orders
await host.runs.start({ plan, request, accepted }, { stop: new AbortController().signal })
