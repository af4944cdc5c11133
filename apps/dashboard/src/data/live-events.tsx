import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import type { EventView, FleetEvent } from '@varve/protocol/events'
import type { RunView } from '@varve/protocol/runs'
import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react'
import { liveBuffer } from './live-buffer.ts'
import {
  patchHostPage,
  patchHostState,
  patchImageHost,
  patchInfo,
  patchMigrations,
  patchOverview,
  hasHappened,
  patchPage,
  patchRuns,
} from './patches.ts'
import { addRate, type RateSample } from './rate-history.ts'
import { askWhenSignedOut, useTRPC, useTRPCClient } from './trpc.ts'
import { useMe } from './use-me.ts'

/** Numbers change at most twice a second. */
const paintEveryMs = 500
/** A list whose order may have changed is asked for again at most this often. */
const listEveryMs = 3000
/** A short break is mended silently. */
const tellAfterMs = 1200
/** A subscription that was refused is tried again. */
const retryAfterMs = 3000

type Api = ReturnType<typeof useTRPC>

export interface Connection {
  /** When the live connection was lost, in ms; null while it holds. */
  readonly lostAt: number | null
}

const ConnectionContext = createContext<Connection>({ lostAt: null })

export function useConnection(): Connection {
  return use(ConnectionContext)
}

export function rateHistoryKey(migrationId: string) {
  return ['rate-history', migrationId] as const
}

/** Keeps the query cache current with one subscription, and knows whether it holds. */
export function LiveEvents({ children }: { readonly children: ReactNode }) {
  const api = useTRPC()
  const client = useTRPCClient()
  const queryClient = useQueryClient()
  const me = useMe()
  const [lostAt, setLostAt] = useState<number | null>(null)
  const [attempt, setAttempt] = useState(0)
  // Where it cannot be asked who is signed in, the subscription tells when the controller is back.
  const isWanted = me.data ? me.data.person !== null : me.isError

  useEffect(() => {
    if (!isWanted) return
    const buffer = liveBuffer()
    const knownRuns = new Set<string>()
    let wasLost = attempt > 0
    let staleLists = false
    let lastListsAt = 0
    let telling: ReturnType<typeof setTimeout> | null = null
    let retry: ReturnType<typeof setTimeout> | null = null

    const paint = setInterval(() => {
      const events = buffer.drain()
      for (const event of events) applyEvent(queryClient, api, event)
      staleLists ||= events.some(({ event }) => changesLists(event, knownRuns))
      if (!staleLists || Date.now() - lastListsAt < listEveryMs) return
      staleLists = false
      lastListsAt = Date.now()
      void queryClient.invalidateQueries({ queryKey: api.images.list.queryKey() })
      void queryClient.invalidateQueries({ queryKey: api.fleet.overview.queryKey() })
      void queryClient.invalidateQueries({ queryKey: api.fleet.hosts.queryKey() })
      void queryClient.invalidateQueries({ queryKey: api.fleet.info.queryKey() })
      void queryClient.invalidateQueries({ queryKey: api.events.activity.queryKey() })
      void queryClient.invalidateQueries({ queryKey: api.runs.list.queryKey() })
    }, paintEveryMs)

    const lose = () => {
      wasLost = true
      const since = Date.now()
      telling ??= setTimeout(() => setLostAt(since), tellAfterMs)
    }
    const regain = () => {
      if (telling !== null) clearTimeout(telling)
      telling = null
      setLostAt(null)
      if (wasLost) void queryClient.invalidateQueries()
      wasLost = false
    }

    const subscription = client.events.live.subscribe(
      {},
      {
        onData: ({ data }) => data.forEach((event) => buffer.push(event)),
        onStarted: regain,
        onError: (error) => {
          lose()
          askWhenSignedOut(queryClient, error)
          retry ??= setTimeout(() => setAttempt((last) => last + 1), retryAfterMs)
        },
        onConnectionStateChange: ({ state, error }) => {
          if (state === 'connecting' && error) lose()
        },
      },
    )
    return () => {
      subscription.unsubscribe()
      clearInterval(paint)
      if (telling !== null) clearTimeout(telling)
      if (retry !== null) clearTimeout(retry)
    }
  }, [api, client, queryClient, isWanted, attempt])

  const connection = useMemo(() => ({ lostAt: isWanted ? lostAt : null }), [isWanted, lostAt])
  return <ConnectionContext value={connection}>{children}</ConnectionContext>
}

/** True when rows may have come, gone or moved; progress alone moves nothing. */
function changesLists(event: FleetEvent, knownRuns: Set<string>): boolean {
  if (event.kind === 'run-changed') {
    const isNew = !knownRuns.has(event.run.id)
    knownRuns.add(event.run.id)
    return isNew || event.run.finishedAt !== null
  }
  return event.kind !== 'migration-changed' || event.migration.state !== 'running'
}

function applyEvent(queryClient: QueryClient, api: Api, { at, event }: EventView): void {
  switch (event.kind) {
    case 'host-changed': {
      const { host } = event
      queryClient.setQueryData(api.fleet.host.queryKey({ name: host.name }), host)
      queryClient.setQueriesData(
        { queryKey: api.fleet.hosts.queryKey() },
        (page: Parameters<typeof patchHostPage>[0] | undefined) => page && patchHostPage(page, host),
      )
      queryClient.setQueriesData(
        { queryKey: api.images.list.queryKey() },
        (page: Parameters<typeof patchPage>[0] | undefined) => page && patchHostState(page, host),
      )
      queryClient.setQueriesData(
        { queryKey: api.images.get.queryKey() },
        (image: Parameters<typeof patchImageHost>[0] | undefined) => image && patchImageHost(image, host),
      )
      return patchTotals(queryClient, api, { host })
    }
    case 'run-changed':
      return patchRun(queryClient, api, event.run)
    case 'run-removed':
      return void queryClient.invalidateQueries({ queryKey: api.runs.pathKey() })
    case 'host-removed':
      return void queryClient.invalidateQueries({ queryKey: api.fleet.pathKey() })
    case 'schedule-changed':
    case 'schedule-removed':
      return void queryClient.invalidateQueries({ queryKey: api.schedules.pathKey() })
    case 'migration-removed':
      void queryClient.invalidateQueries({ queryKey: api.migrations.pathKey() })
      return void queryClient.invalidateQueries({ queryKey: api.fleet.overview.queryKey() })
    case 'migration-changed': {
      const { migration } = event
      queryClient.setQueryData(api.migrations.get.queryKey({ id: migration.id }), migration)
      queryClient.setQueriesData(
        { queryKey: api.migrations.list.queryKey() },
        (list: (typeof migration)[] | undefined) => list && patchMigrations(list, migration),
      )
      const rate = migration.progress?.rate
      if (rate !== undefined && rate !== null) {
        queryClient.setQueryData<readonly RateSample[]>(rateHistoryKey(migration.id), (history) =>
          addRate(history ?? [], { at: Date.parse(at), rate }),
        )
      }
      return patchTotals(queryClient, api, { migration })
    }
    case 'image-changed':
    case 'image-removed':
      return patchImage(queryClient, api, event)
  }
}

function patchRun(queryClient: QueryClient, api: Api, run: RunView): void {
  const key = api.runs.get.queryKey({ id: run.id })
  const before = queryClient.getQueryData(key)
  queryClient.setQueryData(key, run)
  queryClient.setQueriesData(
    { queryKey: api.runs.list.queryKey() },
    (list: RunView[] | undefined) => list && patchRuns(list, run),
  )
  if (before && !hasHappened(before, run)) return
  void queryClient.invalidateQueries({ queryKey: api.runs.log.queryKey({ id: run.id }) })
  if (run.finishedAt !== null)
    void queryClient.invalidateQueries({ queryKey: api.runs.images.queryKey({ id: run.id }) })
}

function patchTotals(queryClient: QueryClient, api: Api, change: Parameters<typeof patchOverview>[1]): void {
  const overview = queryClient.getQueryData(api.fleet.overview.queryKey())
  if (!overview) {
    void queryClient.invalidateQueries({ queryKey: api.fleet.info.queryKey() })
    return
  }
  const patched = patchOverview(overview, change)
  queryClient.setQueryData(api.fleet.overview.queryKey(), patched)
  queryClient.setQueryData(api.fleet.info.queryKey(), (info) => info && patchInfo(info, patched))
}

function patchImage(
  queryClient: QueryClient,
  api: Api,
  event: Extract<FleetEvent, { kind: 'image-changed' | 'image-removed' }>,
): void {
  // What runs have made of it is told from its newest report.
  void queryClient.invalidateQueries({ queryKey: api.runs.images.queryKey() })
  if (event.kind === 'image-removed') {
    void queryClient.invalidateQueries({ queryKey: api.images.get.queryKey({ id: event.id }) })
    return
  }
  const { image } = event
  queryClient.setQueriesData(
    { queryKey: api.images.list.queryKey() },
    (page: Parameters<typeof patchPage>[0] | undefined) => page && patchPage(page, image),
  )
  void queryClient.invalidateQueries({ queryKey: api.images.get.queryKey({ id: image.id }) })
}
