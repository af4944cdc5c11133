import { hostname } from 'node:os'
import type { Secrets } from '@varve/trust/secrets'
import type { Logger } from 'pino'
import { createAuditLog } from './audit/audit-log.ts'
import { done } from './audit/result-of.ts'
import { controllerItself } from './audit/who-of.ts'
import { createCourtesy, type Courtesy } from './agents/courtesy.ts'
import { createHearing, type Hearing } from './agents/hearing.ts'
import { createImageActivity } from './agents/image-activity.ts'
import { createInventory } from './agents/inventory.ts'
import { createJobs, type Jobs } from './agents/jobs.ts'
import { createManifests, type Manifests } from './agents/manifests.ts'
import { createSessions, type Sessions } from './agents/sessions.ts'
import type { Config } from './config.ts'
import type { DataFolder } from './data-folder.ts'
import { parseNetworks, servingAddress } from './agents/serving-address.ts'
import { createEventLog } from './events/event-log.ts'
import { createPublisher } from './events/publisher.ts'
import { countOf } from '@varve/core/units/format-bytes'
import { createRestored } from './restored.ts'
import type { Releases } from './install/releases.ts'
import { fleetService } from './fleet-service.ts'
import { createForget } from './forget.ts'
import { imageServices } from './image-services.ts'
import type { People } from './people/people.ts'
import { createWhereabouts, placesOf } from './people/whereabouts.ts'
import type { Services } from './router/context.ts'
import { settleRestored } from './backup/settle-restored.ts'
import { startCheckpoints } from './store/checkpoints.ts'
import { closedOnError, openDatabase, write } from './store/database.ts'
import { savePlaces } from './store/hosts-store.ts'
import { createImageLists } from './store/images-list.ts'
import { createNameIndex } from './store/name-index.ts'
import { imageRow } from './store/images-store.ts'
import { saveReport } from './store/save-images.ts'
import { lastCommandSequence, pruneJobs } from './store/jobs-store.ts'
import { createFreeImages } from './runs/free-images.ts'
import { isMigration, migrationView, recentMigrationIds } from './store/migrations-store.ts'
import { controllerVersion } from './package.ts'
import type { FleetTrust } from './trust/fleet-trust.ts'
import { createMigrations } from './migrations/migrations.ts'
import { migratePerformers } from './migrations/performers.ts'
import { projectMigration } from './migrations/project.ts'
import { placesService } from './places-service.ts'
import { quarantineService } from './quarantine-service.ts'
import { createScheduling } from './schedules/scheduling.ts'
import { createToldFormats } from './told-formats.ts'
import { createStalls, type Stalls } from './migrations/stalls.ts'
import { openDurable } from './runs/durable.ts'
import { createRuns, type Runs } from './runs/runs.ts'
import { createStreams, type Streams } from './streams/streams.ts'
import { createTransfers } from './migrations/transfers.ts'
import { fleetUpdates } from './updates/fleet-updates.ts'

const housekeepingMs = 600_000
const keepJobsMs = 30 * 86_400_000

/** Everything behind the API, put together; `start` begins to work on migrations. */
export interface Controller {
  readonly services: Services
  readonly manifests: Manifests
  readonly streams: Streams
  readonly hearing: Hearing
  readonly courtesy: Courtesy
  /** What has to be done before anybody is answered. */
  settle(): Promise<void>
  /** `url`: where agents reach this controller. */
  start(url: string): Promise<void>
  stop(): Promise<void>
}

export interface ControllerParts {
  readonly logger: Logger
  readonly trust: FleetTrust
  readonly secrets: Secrets
  readonly people: Pick<People, 'service' | 'endSignIns'>
  readonly releases: Releases
}

export function createController(
  config: Config,
  folder: DataFolder,
  { logger, trust, secrets, people, releases }: ControllerParts,
): Controller {
  const db = openDatabase(folder.inventory, secrets)
  const log = createEventLog(db, {
    keep: config.keepEvents,
    paceMs: Math.min(100, config.eventMs),
  })
  const manifests = createManifests(folder.manifests)
  const lists = createImageLists(db)
  const onError = (error: unknown) => logger.error({ err: error }, 'an error that was not expected')
  const wasStarted = trust.start.number > 1
  const auditing = { db, secrets, headFile: folder.auditHead, wasStarted, now: () => Date.now(), onError }
  const audit = closedOnError(db, () => createAuditLog(auditing))
  const checkpoints = startCheckpoints(folder.inventory, { onError })
  const transfers = createTransfers({
    db,
    onChange(id) {
      stalls.note(id)
      publisher.touch('migration', id)
    },
  })
  const stalls: Stalls = createStalls({
    db,
    graceMs: config.graceMs,
    progressOf: (id) => transfers.live(id).progress,
    onChange: (id) => publisher.touch('migration', id),
  })
  const liveOf = (id: string) => ({ ...transfers.live(id), stall: stalls.of(id) })
  const hearing = createHearing()
  const courtesy = createCourtesy()
  let url = ''

  const publisher = createPublisher({
    db,
    log,
    intervalMs: config.eventMs,
    onError,
    views: {
      host: () => 'stored',
      migration(id) {
        const migration = migrationView(db, id, liveOf(id))
        return migration && { kind: 'migration-changed', migration }
      },
      run(id) {
        const run = runs.view(id)
        return run ? { kind: 'run-changed', run } : { kind: 'run-removed', id }
      },
    },
  })

  const sessions: Sessions = createSessions({
    db,
    controllerVersion,
    hearing,
    differing: (host, states) => inventory.differing(host, states),
    subscribeMs: config.subscribeMs,
    admit: (host, { identity }) => trust.admit(host, identity),
    onClone(host, identity) {
      trust.stopClone(host, identity)
      const line = {
        who: controllerItself,
        peer: null,
        what: 'trust.stopClone',
        input: null,
        on: [`host:${host}`],
      }
      audit.service.record({ ...line, result: done })
    },
    roots: () => trust.rootCertificates(),
    barred: () => trust.barred(),
    start: trust.start,
    onSeen: (host, seen) => restored.heard(host, seen),
    onHello(host, hello) {
      logger.info({ agent: host.name, instance: host.instance }, 'agent said hello')
      jobs.reconcile(host, hello)
      lists.changed()
      publisher.touch('host', host.name)
    },
    onPresence(host, isConnected) {
      logger.info({ agent: host }, isConnected ? 'agent connected' : 'agent offline')
      log.note(db, {
        subject: 'host',
        subjectId: host,
        title: `${host} ${isConnected ? 'connected' : 'went offline'}`,
      })
      publisher.touch('host', host)
      stalls.hostChanged(host)
      setImmediate(() => scheduling.wake(host))
      // After the transaction of the hello.
      if (!isConnected) return
      setImmediate(() => runs.hostBack(host))
    },
  })
  const isConnected = (host: string) => sessions.find(host)?.isConnected ?? false

  const jobs: Jobs = createJobs({
    db,
    sessions,
    graceMs: config.graceMs,
    cancelMs: config.cancelMs,
    onChange: (host) => publisher.touch('host', host),
    onError,
  })

  const streams = createStreams({ jobs })

  const nameIndex = createNameIndex({ db, onError, isHeldOff: () => checkpoints.isHolding() })
  const activity = createImageActivity({
    gatherMs: config.gatherMs,
    note: (row) => write(db, (tx) => log.note(tx, row)),
  })
  const inventory = createInventory({
    db,
    log,
    onImages(linked) {
      lists.changed()
      nameIndex.grown()
      for (const id of linked) publisher.touch('migration', id)
    },
    onLibrary: (host) => publisher.touch('host', host),
    activity,
    courtesy,
    isHeldOff: () => checkpoints.isHolding(),
  })

  function publishImage(id: string): void {
    const image = imageRow(db, id)
    if (image) write(db, (tx) => log.append(tx, { kind: 'image-changed', image }))
  }

  const told = createToldFormats({ db, log, sessions })
  const images = imageServices({ db, log, jobs, manifests, publishImage, lists, told })
  const networks = parseNetworks(config.agentNetworks)
  const durable = openDurable({ path: folder.workflows, concurrency: config.concurrency })
  const onRun = (id: string) => publisher.touch(isMigration(db, id) ? 'migration' : 'run', id)
  const scheduling = createScheduling({
    db,
    log,
    clock: config.clock,
    atOnce: config.verifyAtOnce,
    isConnected,
    jobs,
    runs: () => runs,
    onImage: () => lists.changed(),
    onError,
  })
  const locked = createFreeImages({ db, sessions })
  const runs: Runs = createRuns({
    db,
    durable,
    jobs,
    placesOf: (host, subjects, request) => placesOf(db, host, subjects, request),
    isConnected,
    isKnown: (host) => sessions.find(host) !== null,
    bootOf: (host) => sessions.find(host)?.boot ?? null,
    free: async (host, run) => locked.free(host, run),
    retryMs: config.retryMs,
    performers: migratePerformers({
      db,
      manifests,
      transfers,
      isConnected,
      servingAddress: (host, said) =>
        servingAddress(said, { host, peer: sessions.find(host)?.peer ?? null, networks }),
      waitConnected: (host, signal) => sessions.waitConnected(host, { timeoutMs: config.graceMs, signal }),
      saveReport(imageId, report) {
        write(db, (tx) => saveReport(tx, imageId, report))
        lists.changed()
        publishImage(imageId)
      },
    }),
    projections: {
      migrate: projectMigration({
        onProven: publishImage,
        note(tx, id, title) {
          logger.info({ migration: id }, title)
          log.note(tx, { subject: 'migration', subjectId: id, title })
        },
      }),
    },
    watch(tx, entry, state) {
      scheduling.record(tx, entry, state)
      audit.watch(tx, entry, state)
    },
    onBegin: (tx, run) => audit.began(tx, run),
    onChange: onRun,
    note: (tx, id, title) => log.note(tx, { subject: 'run', subjectId: id, title }),
    onError,
  })
  const migrations = createMigrations({
    db,
    runs,
    isConnected,
    inspect: ({ image, reading = {} }, signal) => images.reportOf(image, reading, signal),
    liveOf,
    forget: () => forget,
    onChange: (id) => publisher.touch('migration', id),
    note: (tx, id, title) => log.note(tx, { subject: 'migration', subjectId: id, title }),
  })

  const restored = createRestored({
    wasRestored: (seen) => trust.wasRestored(seen, lastCommandSequence(db)),
    hold: (error) => runs.hold(error),
    onHeld(host, held) {
      logger.warn({ agent: host, runs: held }, 'this controller was restored from a backup')
      log.note(db, {
        subject: 'host',
        subjectId: host,
        title: `This controller was restored from a backup: ${host} has seen more than it knows; ${countOf(held, 'run')} that was open stands still`,
      })
    },
  })
  const listening = () => ({ url, host: config.host, machine: hostname() })
  trust.connect({
    cut: (host, reason) => sessions.cut(host, reason),
    sendAll: (command) => sessions.sendAll(command),
    endWork: (host, error) => jobs.endWork(host, error),
    note: (host, title) => log.note(db, { subject: 'host', subjectId: host, title }),
    joinedAt: listening,
    releases: () => releases.state(),
  })
  const forget = createForget({ db, log, sessions, jobs, onForgotten: () => lists.changed() })
  const updates = fleetUpdates({ db, log, jobs, sessions, releases, audit, onError })
  const services: Services = {
    updates: updates.service,
    audit: audit.service,
    people: people.service,
    whereabouts: createWhereabouts(db),
    fleet: fleetService({
      db,
      config,
      sessions,
      runs,
      forget,
      liveOf,
      listening,
    }),
    images,
    migrations: migrations.service,
    runs: runs.service,
    places: placesService(jobs),
    quarantine: quarantineService(jobs),
    schedules: scheduling.service,
    uploads: streams,
    trust: trust.service,
    events: {
      since: (lastId, reader) => log.since(lastId, reader),
      activity: (before, limit) => log.activity(before, limit),
    },
    agents: {
      hello: (hello, caller) => sessions.hello(hello, caller),
      commands: (from, lastId, signal) => sessions.commands(from, lastId, signal),
      report: (from, reports) => jobs.report(sessions.hostOf(from), reports),
      inventory: (from, delta) => inventory.take(sessions.hostOf(from), delta),
      compare: (from, part) => inventory.compare(sessions.hostOf(from), part),
      places(from, places) {
        const { name } = sessions.hostOf(from)
        if (write(db, (tx) => savePlaces(tx, name, places))) publisher.touch('host', name)
      },
      freed(from, token) {
        sessions.hostOf(from)
        locked.freed(token)
      },
      manifest: (from, part) => manifests.add(sessions.hostOf(from).name, part),
      renew: (from, request) => trust.renew(sessions.hostOf(from).name, from.caller.identity, request),
    },
  }

  const housekeeping = setInterval(() => {
    try {
      log.prune()
      pruneJobs(db, new Date(Date.now() - keepJobsMs).toISOString())
    } catch (error) {
      onError(error)
    }
  }, housekeepingMs)

  return {
    services,
    manifests,
    streams,
    hearing,
    courtesy,
    async settle() {
      if (
        await settleRestored({
          data: config.data,
          restored,
          trust: trust.service,
          endSignIns: people.endSignIns,
          audit: audit.service,
        })
      )
        logger.warn('this data folder was restored from a backup')
    },
    async start(address) {
      url = address
      hearing.start()
      log.prune()
      nameIndex.grown()
      for (const id of recentMigrationIds(db, 50)) publisher.touch('migration', id)
      await durable.start()
      migrations.endOrphans()
      await runs.resume()
      scheduling.start()
      updates.start()
      audit.signIfDue()
    },
    async stop() {
      clearInterval(housekeeping)
      updates.stop()
      stalls.stop()
      activity.stop()
      scheduling.stop()
      runs.stop()
      streams.stop()
      hearing.stop()
      sessions.stop()
      jobs.stop()
      inventory.stop()
      nameIndex.stop()
      await durable.stop()
      publisher.flush()
      publisher.stop()
      await checkpoints.stop()
      audit.stop()
      db.$client.close()
    },
  }
}
