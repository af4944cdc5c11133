import type { HostPage, HostView } from '@varve/protocol/hosts'
import type { ImagePage, ImageRow, ImageView } from '@varve/protocol/images'
import type { MigrationView } from '@varve/protocol/migrations'
import type { Overview, ServerInfo } from '@varve/protocol/overview'
import type { RunView } from '@varve/protocol/runs'

/** The list with `item` in the place of the one with the same key, or added by `compare`'s order. */
function put<T>(list: readonly T[], item: T, keyOf: (item: T) => string): T[] {
  const at = list.findIndex((other) => keyOf(other) === keyOf(item))
  return at === -1 ? [...list, item] : list.with(at, item)
}

function isActive(migration: MigrationView): boolean {
  return migration.finishedAt === null
}

/** The host in its new state, in the place where it is shown; which hosts are shown does not change. */
export function patchHosts(hosts: readonly HostView[], host: HostView): HostView[] {
  return hosts.map((other) => (other.name === host.name ? host : other))
}

export function patchHostPage(page: HostPage, host: HostView): HostPage {
  return { ...page, rows: patchHosts(page.rows, host) }
}

/** Newest first, as the controller lists them. */
export function patchMigrations(
  migrations: readonly MigrationView[],
  migration: MigrationView,
): MigrationView[] {
  return put(migrations, migration, ({ id }) => id).toSorted((a, b) => b.number - a.number)
}

/** The run in its new state, in the lists that have it; which runs a list has does not change. */
export function patchRuns(runs: readonly RunView[], run: RunView): RunView[] {
  return runs.map((other) => (other.id === run.id ? run : other))
}

/** Whether between two states of a run something was written into its journal. */
export function hasHappened(before: RunView, after: RunView): boolean {
  const told = ({ state, isCanceling, steps, undoFailures }: RunView) =>
    JSON.stringify([state, isCanceling, undoFailures.length, steps.map((step) => [step.state, step.attempt])])
  return told(before) !== told(after)
}

/** The row in its new state. Whether its host can be asked is told by hosts, not by images. */
export function patchPage(page: ImagePage, row: ImageRow): ImagePage {
  const before = page.rows.find(({ id }) => id === row.id)
  if (!before) return page
  return { ...page, rows: put(page.rows, { ...row, hostState: before.hostState }, ({ id }) => id) }
}

/** The images of a host that came or went. */
export function patchHostState(
  page: ImagePage,
  { name, state }: Pick<HostView, 'name' | 'state'>,
): ImagePage {
  const isStale = (row: ImageRow) => row.host === name && row.hostState !== state
  if (!page.rows.some(isStale)) return page
  return { ...page, rows: page.rows.map((row) => (isStale(row) ? { ...row, hostState: state } : row)) }
}

/** One image whose host came or went. */
export function patchImageHost(
  image: ImageView,
  { name, state }: Pick<HostView, 'name' | 'state'>,
): ImageView {
  if (image.row.host !== name || image.row.hostState === state) return image
  return { ...image, row: { ...image.row, hostState: state } }
}

export function patchOverview(
  overview: Overview,
  change: { host?: HostView; migration?: MigrationView },
): Overview {
  let patched = overview
  if (change.host) patched = { ...patched, hosts: patchHosts(patched.hosts, change.host) }
  if (change.migration) {
    const { migration } = change
    const others = (list: readonly MigrationView[]) => list.filter(({ id }) => id !== migration.id)
    patched = { ...patched, failed: others(patched.failed) }
    patched = isActive(migration)
      ? { ...patched, running: patchMigrations(patched.running, migration), recent: others(patched.recent) }
      : { ...patched, running: others(patched.running), recent: patchMigrations(patched.recent, migration) }
  }
  return patched
}

/** As many as an overview holds. */
const mostRunning = 50

/** The counts of the sidebar, from the overview that is cached. */
export function patchInfo(info: ServerInfo, overview: Overview): ServerInfo {
  // The overview holds the newest of those that run: of many it does not know how many.
  const isAll = overview.running.length < mostRunning
  const migrationsRunning = isAll ? overview.running.length : info.migrationsRunning
  return { ...info, hosts: overview.hostTotals, migrationsRunning }
}
