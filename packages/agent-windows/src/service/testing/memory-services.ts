import { serviceFault, systemCodes } from '../service-fault.ts'
import type {
  EventLogs,
  ServiceControl,
  ServiceDefinition,
  ServiceEvent,
  ServiceHandlers,
  ServiceProcess,
  ServiceReport,
  ServiceStatus,
  ServiceSystem,
} from '../service-system.ts'

/** A process of a service, as a test has the system start it. */
export type MemoryProgram = (process: ServiceProcess) => Promise<unknown>

interface Service {
  definition: ServiceDefinition
  status: ServiceStatus
  handlers: ServiceHandlers | null
  isLeaving: boolean
}

export interface MemorySystemOptions {
  /** What the system starts for a command line. */
  readonly program?: (commandLine: string) => MemoryProgram
  readonly isElevated?: boolean
  /** What of a definition it does not have. */
  readonly lacking?: readonly string[]
  readonly groups?: readonly string[]
  readonly privileges?: readonly string[]
  /** Somebody has services open: those that are removed stay. */
  readonly holdsOpen?: boolean
}

const stopped: ServiceStatus = {
  state: 'stopped',
  pid: null,
  exitCode: 0,
  ownCode: 0,
  checkPoint: 0,
  waitHintMs: 0,
}

/** A process that does at once what a service is asked. */
const obedient: MemoryProgram = async (process) => {
  const report = (state: ServiceReport['state']) =>
    process.report({ state, checkPoint: 0, waitHintMs: 0, ownCode: 0 })
  await process.serve('', { started: () => report('running'), asked: () => report('stopped') })
}

/** Services, rights and events in memory, as the system keeps them. */
export class MemoryServices implements ServiceSystem {
  readonly #options: MemorySystemOptions
  readonly #services = new Map<string, Service>()
  readonly members = new Map<string, Set<string>>()
  readonly granted = new Map<string, Set<string>>()
  readonly sources = new Set<string>()
  readonly told: ServiceEvent[] = []
  /** Of each process that the system started. */
  readonly reports: ServiceReport[] = []
  #lastPid = 100

  constructor(options: MemorySystemOptions = {}) {
    this.#options = options
    for (const group of options.groups ?? []) this.members.set(group, new Set())
  }

  /** The definition as it was given. */
  definition(name: string): ServiceDefinition | null {
    return this.#services.get(name)?.definition ?? null
  }

  /** The system shuts down. */
  shutDown(name: string): void {
    this.#services.get(name)?.handlers?.asked('shutdown')
  }

  readonly services: ServiceControl = {
    status: (name) => this.#services.get(name)?.status ?? null,
    defined: (name) => this.definition(name),
    create: (name, definition) => {
      this.#assertElevated(name, 'install it')
      const there = this.#services.get(name)
      if (there)
        throw serviceFault(
          name,
          'install it',
          there.isLeaving ? systemCodes.markedForDelete : systemCodes.exists,
        )
      this.#services.set(name, { definition, status: stopped, handlers: null, isLeaving: false })
      return this.#options.lacking ?? []
    },
    change: (name, definition) => {
      this.#of(name, 'change it').definition = definition
      return this.#options.lacking ?? []
    },
    start: (name) => {
      const service = this.#of(name, 'start it')
      if (service.status.state !== 'stopped') return
      this.#run(service)
    },
    stop: (name) => {
      const service = this.#of(name, 'stop it', { mayLeave: true })
      if (service.status.state === 'stopped') return
      if (service.status.state !== 'running') throw serviceFault(name, 'stop it', systemCodes.cannotAcceptNow)
      service.handlers?.asked('stop')
    },
    remove: (name) => {
      const service = this.#of(name, 'remove it')
      service.isLeaving = true
      this.#settle()
    },
  }

  readonly rights: ServiceSystem['rights'] = {
    join: (group, member) => {
      const members = this.members.get(group)
      if (!members) return 'no-group'
      if (members.has(member)) return 'was-there'
      members.add(member)
      return 'joined'
    },
    leave: (group, member) => void this.members.get(group)?.delete(member),
    grant: (account, privilege) => {
      this.#assertElevated(account, 'give its account rights')
      if (!(this.#options.privileges ?? [privilege]).includes(privilege)) return false
      this.granted.set(account, new Set([...(this.granted.get(account) ?? []), privilege]))
      return true
    },
    revoke: (account) => void this.granted.delete(account),
  }

  readonly events: EventLogs = {
    addSource: (source) => void this.sources.add(source),
    removeSource: (source) => void this.sources.delete(source),
    open: () => ({ report: (event) => void this.told.push(event), [Symbol.dispose]() {} }),
  }

  #assertElevated(name: string, what: string): void {
    if (this.#options.isElevated === false) throw serviceFault(name, what, systemCodes.accessDenied)
  }

  #of(name: string, what: string, { mayLeave = false } = {}): Service {
    const service = this.#services.get(name)
    if (!service) throw serviceFault(name, what, systemCodes.absent)
    this.#assertElevated(name, what)
    if (service.isLeaving && !mayLeave) throw serviceFault(name, what, systemCodes.markedForDelete)
    return service
  }

  #run(service: Service): void {
    const pid = ++this.#lastPid
    service.status = { ...stopped, state: 'start-pending', pid, waitHintMs: 20 }
    const over = Promise.withResolvers<void>()
    const process: ServiceProcess = {
      serve: async (_, handlers) => {
        service.handlers = handlers
        handlers.started()
        await over.promise
      },
      report: (report) => {
        this.reports.push(report)
        service.status = statusOf(report, pid)
        if (report.state !== 'stopped') return
        service.handlers = null
        this.#settle()
        over.resolve()
      },
    }
    const program = this.#options.program?.(service.definition.commandLine) ?? obedient
    program(process).catch(() => {
      service.status = { ...stopped, exitCode: systemCodes.processAborted }
      service.handlers = null
    })
  }

  /** What is to go goes when it has stopped. */
  #settle(): void {
    if (this.#options.holdsOpen === true) return
    for (const [name, { isLeaving, status }] of this.#services)
      if (isLeaving && status.state === 'stopped') this.#services.delete(name)
  }
}

function statusOf({ state, checkPoint, waitHintMs, ownCode }: ServiceReport, pid: number): ServiceStatus {
  return {
    state,
    pid: state === 'stopped' ? null : pid,
    exitCode: ownCode === 0 ? 0 : systemCodes.ownCode,
    ownCode,
    checkPoint,
    waitHintMs,
  }
}
