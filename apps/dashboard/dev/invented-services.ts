import { DiskError } from '@varve/core/problems/disk-error'
import type { Services } from '@varve/controller/router/context'
import type { Numbered } from '@varve/controller/events/numbered'
import type { ActivityRow, EventView, FleetEvent } from '@varve/protocol/events'
import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import type { MigrationView, StartMigration } from '@varve/protocol/migrations'
import { EventEmitter, on } from 'node:events'
import { crowdActivity, crowdFindings, crowdImage, crowdMigrations } from './invented-crowd.ts'
import { inventedTrust } from './invented-trust.ts'
import { inventedUpdates } from './invented-updates.ts'
import { inventedAudit } from './invented-audit.ts'
import { ago, inventedDigest, inventedImage, inventedProblems, inventedRow } from './invented-fleet.ts'
import { failedMigration, inventedPlan, migrationAt, newMigration } from './invented-migrations.ts'
import { inventedPeople } from './invented-people.ts'
import { inventedAttached, inventedPlaces, inventedWindows } from './invented-places.ts'
import { inventedQuarantine } from './invented-quarantine.ts'
import { inventedUploads } from './invented-uploads.ts'
import { inventedMigrationImages } from './invented-run-images.ts'
import { inventedRuns } from './invented-runs.ts'
import { inventedSchedules } from './invented-schedules.ts'
import { hugeSize, inventedHosts, inventedRows, needOf, type Scene } from './invented-scenes.ts'

const GiB = 2 ** 30

interface Event {
  readonly id: number
  readonly value: EventView
}

export function inventedServices(scene: Scene): Services & { stop(): void } {
  const isCrowded = scene === 'crowded'
  const rows = inventedRows(scene)
  const size = scene === 'huge' ? hugeSize : rows.length
  const hosts = inventedHosts(scene)
  const connected = hosts.filter(({ state }) => state === 'connected').length
  const viewImage = isCrowded ? crowdImage : inventedImage
  const migrations = new Map<string, MigrationView>()
  const keys = new Map<string, string>()
  const log: Event[] = []
  const activity: ActivityRow[] = []
  const bus = new EventEmitter()
  bus.setMaxListeners(0)

  const refuse = () => {
    if (scene === 'broken') {
      throw new DiskError('input-output', { file: 'inventory.sqlite', reason: 'disk I/O error' })
    }
  }
  const emit = (event: FleetEvent) => {
    const id = (log.at(-1)?.id ?? 0) + 1
    const entry = { id, value: { sequence: id, at: new Date().toISOString(), event } }
    log.push(entry)
    if (log.length > 1000) log.shift()
    bus.emit('event', entry)
  }
  const note = (row: Omit<ActivityRow, 'sequence' | 'at'>, at = new Date().toISOString()) =>
    activity.unshift({ sequence: activity.length + 1, at, ...row })

  const begin = (row: ImageRow, wish: StartMigration) => {
    const migration = newMigration(row, migrations.size + 1, wish)
    migrations.set(migration.id, migration)
    note({
      subject: 'migration',
      subjectId: migration.id,
      title: `${row.name} to ${wish.targetHost} started`,
    })
    emit({ kind: 'migration-changed', migration })
    return migration
  }

  const runs = inventedRuns({
    rows,
    hasPast: scene === 'busy' || scene === 'huge',
    refuse,
    emit,
    note: (id, title, at) => note({ subject: 'run', subjectId: id, title }, at),
  })
  const tick = setInterval(() => {
    runs.tick()
    for (const [id, migration] of migrations) {
      if (migration.finishedAt !== null) continue
      const next = migrationAt(migration, (Date.now() - Date.parse(migration.startedAt)) / 1000)
      migrations.set(id, next)
      emit({ kind: 'migration-changed', migration: next })
      if (next.finishedAt !== null) {
        note({
          subject: 'migration',
          subjectId: id,
          title: `${next.source.name} is on ${next.target.host}, verified`,
        })
      }
    }
  }, 250)
  tick.unref()

  if (scene === 'busy' || scene === 'huge') inventPast()
  if (isCrowded) {
    for (const migration of crowdMigrations()) migrations.set(migration.id, migration)
    for (const { at, ...row } of crowdActivity().toReversed()) note(row, at)
  }

  function inventPast() {
    const wish = (name: string): StartMigration => ({
      image: 'x',
      targetHost: 'south',
      targetLibrary: 'vm',
      name,
      format: 'qcow2',
      idempotencyKey: `invented-${name}`,
    })
    const past = [rowAt(9), rowAt(2), rowAt(11)].map((row, at) =>
      newMigration(row, at + 1, wish(`${row.name}.qcow2`)),
    )
    const [mail, db, cache] = past
    if (!mail || !db || !cache) return
    const ended = [
      migrationAt({ ...mail, startedAt: ago(26 * 3600) }, 900),
      failedMigration({ ...db, startedAt: ago(5 * 3600) }),
      migrationAt({ ...cache, startedAt: ago(3 * 3600) }, 900),
    ]
    for (const migration of ended) {
      migrations.set(migration.id, migration)
      note(
        {
          subject: 'migration',
          subjectId: migration.id,
          title: `${migration.source.name} to south: ${migration.state}`,
        },
        migration.finishedAt ?? undefined,
      )
    }
    note({ subject: 'host', subjectId: 'south', title: 'south connected' }, ago(2 * 3600))
    note({ subject: 'image', subjectId: 'image-4', title: 'files04.vhdx appeared on south' }, ago(900))
    const running = begin(rowAt(0), wish('web01.qcow2'))
    migrations.set(running.id, { ...running, startedAt: ago(30) })
  }

  function rowAt(index: number): ImageRow {
    return rows[index] ?? inventedRow(index)
  }

  function viewHosts(): HostView[] {
    const running = [...migrations.values()].filter(({ finishedAt }) => finishedAt === null)
    return hosts.map((host) => ({
      ...host,
      running: running
        .filter(({ target, source }) => target.host === host.name || source.host === host.name)
        .map(({ id, source, target }) => ({
          jobId: `job-${id}-${host.name}`,
          kind: target.host === host.name ? 'pull' : 'export',
          title: target.host === host.name ? `Pulls ${source.name}` : `Serves ${source.name}`,
          migrationId: id,
        })),
    }))
  }

  function sortedMigrations(): MigrationView[] {
    return [...migrations.values()].toSorted((a, b) => b.number - a.number)
  }

  function find(id: string): ImageRow {
    const row = rows.find((one) => one.id === id)
    if (!row) throw new DiskError('not-in-fleet', { file: id, kind: 'image' })
    return row
  }

  return {
    stop: () => clearInterval(tick),
    runs: {
      ...runs.service,
      images: (id) => {
        const migration = migrations.get(id)
        return migration ? inventedMigrationImages(migration) : runs.service.images(id)
      },
    },
    fleet: {
      info: () => ({
        version: '0.1.0',
        protocolVersion: 1,
        hosts: { connected, total: hosts.length },
        images: size,
        migrationsRunning: sortedMigrations().filter(({ finishedAt }) => finishedAt === null).length,
        runsOpen: runs.open(),
        isOpen: false,
      }),
      overview: () => {
        refuse()
        return {
          hosts: viewHosts()
            .toSorted((a, b) => needOf(a) - needOf(b))
            .slice(0, 20),
          hostTotals: { connected, total: hosts.length },
          images: size,
          virtualBytes: size * 34 * GiB,
          allocatedBytes: size * 17 * GiB,
          reclaimableBytes: rows.length === 0 ? 0 : 312 * GiB,
          running: sortedMigrations().filter(({ finishedAt }) => finishedAt === null),
          recent: sortedMigrations()
            .filter(({ finishedAt }) => finishedAt !== null)
            .slice(0, 10),
          failed: sortedMigrations()
            .filter(({ state }) => state === 'failed')
            .slice(0, 10),
          findings: isCrowded
            ? [...crowdFindings]
            : rows.length === 0
              ? []
              : [
                  {
                    problem: {
                      ...inventedProblems.discards,
                      message: 'disks hold space that their guests no longer use',
                    },
                    images: 14,
                    bytes: 312 * GiB,
                  },
                  { problem: inventedProblems.unaligned, images: 6, bytes: null },
                ],
          joinCommand: './varve agent --controller http://127.0.0.1:7070 --library images=/path/to/images',
          joinsByToken: scene !== 'empty',
        }
      },
      hosts: ({ search, state, offset, limit }) => {
        refuse()
        const found = viewHosts().filter(
          (host) => host.name.includes(search) && (state === null || host.state === state),
        )
        return { rows: found.slice(offset, offset + limit), total: found.length, offset }
      },
      host: (name) => viewHosts().find((host) => host.name === name) ?? null,
      rescan: () => undefined,
      forget: () => undefined,
    },
    images: {
      list: (query) => {
        refuse()
        const found = rows.filter(
          (row) =>
            row.name.includes(query.search) &&
            (query.host === null || row.host === query.host) &&
            (query.library === null || row.library === query.library) &&
            (query.format === null || row.format === query.format) &&
            (query.problem === null || row.findings.warn > 0) &&
            (query.findings === null ||
              row.findings.block > 0 ||
              (query.findings !== 'block' && row.findings.warn > 0) ||
              (query.findings === 'any' && row.findings.info > 0)),
        )
        const weight = (row: ImageRow) => {
          const value =
            query.sort === 'findings' ? row.findings.block * 100 + row.findings.warn : row[query.sort]
          return value ?? ''
        }
        if (scene === 'huge' && found.length === rows.length && query.sort === 'name') {
          const count = Math.max(0, Math.min(query.limit, size - query.offset))
          const page = Array.from({ length: count }, (_, at) => inventedRow(query.offset + at))
          return { rows: page, total: size, offset: query.offset }
        }
        const turn = query.direction === 'asc' ? 1 : -1
        const sorted = found.toSorted((a, b) =>
          weight(a) < weight(b) ? -turn : weight(a) > weight(b) ? turn : 0,
        )
        return {
          rows: sorted.slice(query.offset, query.offset + query.limit),
          total: sorted.length,
          offset: query.offset,
        }
      },
      get: (id) => {
        refuse()
        const row = rows.find((one) => one.id === id)
        return row ? viewImage(row) : null
      },
      digest: async (id) => {
        const row = find(id)
        await new Promise((done) => setTimeout(done, 300))
        rows[rows.indexOf(row)] = { ...row, provenAt: new Date().toISOString() }
        return {
          digest: inventedDigest,
          virtualSize: row.virtualSize ?? 0,
          dataBytes: 18 * GiB,
          seconds: 4.2,
        }
      },
      inspect: async (id) => viewImage(find(id)),
      chooseFormat: () => undefined,
      formatChoices: () => [],
      reportOf: async (id) => viewImage(find(id)).report,
    },
    migrations: {
      plan: async (request) =>
        inventedPlan(
          {
            row: find(request.image),
            host: request.targetHost,
            name: request.name,
            format: request.format === 'raw' ? 'raw' : 'qcow2',
          },
          [
            {
              id: 'source-not-fenced',
              severity: 'warn',
              layer: 'L2',
              file: null,
              message: 'nobody can tell whether a machine is using this image',
              remedy: 'Shut its machine down first; a change while it is read stops the migration.',
            },
          ],
        ),
      start: async (request) => {
        const known = migrations.get(keys.get(request.idempotencyKey) ?? '')
        if (known) return known
        const migration = begin(find(request.image), request)
        keys.set(request.idempotencyKey, migration.id)
        return migration
      },
      cancel: (id) => {
        const migration = migrations.get(id)
        if (!migration) throw new DiskError('not-in-fleet', { file: id, kind: 'migration' })
        const canceled: MigrationView = {
          ...migration,
          state: 'canceled',
          finishedAt: new Date().toISOString(),
          progress: null,
          steps: migration.steps.map((step) =>
            step.state === 'done' || step.state === 'running'
              ? {
                  ...step,
                  state: step.undo === null ? (step.state === 'running' ? 'undone' : 'done') : 'undone',
                }
              : { ...step, state: 'skipped' },
          ),
          aftermath: 'The source was only read: Varve changed nothing in it. The part file was removed.',
        }
        migrations.set(id, canceled)
        emit({ kind: 'migration-changed', migration: canceled })
        return canceled
      },
      forget: (id) => {
        migrations.delete(id)
        emit({ kind: 'migration-removed', id })
      },
      clear: (states) => {
        const over = sortedMigrations().filter(({ state }) => states.some((ended) => ended === state))
        for (const { id } of over) {
          migrations.delete(id)
          emit({ kind: 'migration-removed', id })
        }
        return over.length
      },
      list: ({ limit, number: wanted }) => {
        refuse()
        const all = sortedMigrations()
        return (wanted === null ? all : all.filter(({ number }) => number === wanted)).slice(0, limit)
      },
      get: (id) => migrations.get(id) ?? null,
    },
    uploads: inventedUploads(),
    schedules: inventedSchedules({ hasPast: scene === 'busy' || scene === 'huge', emit }),
    places: {
      list: async (host) =>
        hosts.find(({ name }) => name === host)?.os.platform === 'windows' ? inventedWindows : inventedPlaces,
      attached: async (host) => ({ attached: host === 'north' ? inventedAttached : [] }),
    },
    quarantine: {
      list: async (host) => ({
        entries: host === 'north' ? inventedQuarantine : [],
        more: 0,
        faults: [],
      }),
    },
    audit: inventedAudit(hosts.length === 0, refuse),
    events: {
      async *since(lastId, { signal }): AsyncIterable<Numbered<EventView[]>> {
        const live = on(bus, 'event', { signal })
        const batch = ({ id, value }: Event) => ({ id, value: [value] })
        if (lastId !== null) yield* log.filter(({ id }) => id > lastId).map(batch)
        try {
          for await (const [event] of live) yield batch(event as Event)
        } catch (error) {
          if (!signal.aborted) throw error
        }
      },
      activity: (before, limit) => {
        refuse()
        return activity.filter(({ sequence }) => before === null || sequence < before).slice(0, limit)
      },
    },
    agents: {
      hello: () => {
        throw new Error('the mock controller has no agents')
      },
      async *commands() {},
      report: () => undefined,
      inventory: async () => ({ inStep: true }),
      compare: () => ({ wanted: [], isMore: false }),
      manifest: () => undefined,
      places: () => undefined,
      freed: () => undefined,
      renew: () => Promise.reject(new Error('the mock controller has no agents')),
    },
    people: inventedPeople(),
    whereabouts: {
      image: () => null,
      parents: () => [],
      run: () => null,
      resumedRun: () => null,
      migration: () => null,
    },
    trust: inventedTrust(),
    updates: inventedUpdates(),
  }
}
