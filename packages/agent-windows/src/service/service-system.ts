/**
 * What a service of Windows needs of the system. `windows/` answers from advapi32 and netapi32 by koffi,
 * `testing/memory-services.ts` from memory, under the same contract.
 */
export interface ServiceSystem {
  readonly services: ServiceControl
  readonly rights: AccountRights
  readonly events: EventLogs
}

export type ServiceState =
  'stopped' | 'start-pending' | 'stop-pending' | 'running' | 'continue-pending' | 'pause-pending' | 'paused'

/** A service as the service control manager knows it now. */
export interface ServiceStatus {
  readonly state: ServiceState
  /** Null while it is stopped. */
  readonly pid: number | null
  /** What it stopped with: 0 in good order, 1066 with a code of its own. */
  readonly exitCode: number
  /** Its own code, where `exitCode` is 1066. */
  readonly ownCode: number
  /** Rises while it starts or stops. */
  readonly checkPoint: number
  /** Within this it is at its next check point. */
  readonly waitHintMs: number
}

export interface ServiceDefinition {
  readonly displayName: string
  readonly description: string
  /** Quoted as Windows splits command lines. */
  readonly commandLine: string
  /** Such as `NT SERVICE\varve-agent`, the account that Windows makes for the service itself. */
  readonly account: string
  /** All that its process has; others of the account are taken from it. */
  readonly privileges: readonly string[]
  /** It is started anew so long after each end that was not asked for; the last stays. */
  readonly restartsAfterMs: readonly number[]
  /** After so long without an end the count of restarts begins anew. */
  readonly forgetsAfterSeconds: number
  /** It gets so long when the system shuts down. */
  readonly shutdownMs: number
}

/** The service control manager. Throws `service-failed`. */
export interface ServiceControl {
  /** Null: there is no such service. */
  status(name: string): ServiceStatus | null
  /** Command line and account as they are kept; null: there is no such service. */
  defined(name: string): Pick<ServiceDefinition, 'commandLine' | 'account' | 'displayName'> | null
  /** Starts with the system, after all others. Gives the parts of the definition that this system does not have. */
  create(name: string, definition: ServiceDefinition): readonly string[]
  /** Gives the parts of the definition that this system does not have. */
  change(name: string, definition: ServiceDefinition): readonly string[]
  /** It begins to start; `status` tells when it runs. */
  start(name: string): void
  /** It begins to stop; one that does not run stays so. */
  stop(name: string): void
  /** It is gone when it has stopped and nobody has it open. */
  remove(name: string): void
}

/** What accounts may do. Throws `service-failed`. */
export interface AccountRights {
  /** Both by their SIDs, since names are in the language of the host. */
  join(group: string, member: string): 'joined' | 'was-there' | 'no-group'
  leave(group: string, member: string): void
  /** Whether it has it now. */
  grant(account: string, privilege: string): boolean
  /** Takes all privileges away that were granted to it. */
  revoke(account: string): void
}

export type EventKind = 'information' | 'warning' | 'error'

export interface ServiceEvent {
  readonly kind: EventKind
  /** From 1 to 1000. */
  readonly id: number
  readonly text: string
}

/** The log "Application" of the Event Viewer. Throws `service-failed`. */
export interface EventLogs {
  /** Events of that source are shown as their text. */
  addSource(source: string): void
  removeSource(source: string): void
  /** Never throws after it was opened: nothing else can be told it. */
  open(source: string): EventLog
}

export interface EventLog extends Disposable {
  report(event: ServiceEvent): void
}

/** Why the system has a service end. */
export type ServiceAsk = 'stop' | 'shutdown'

/** What a service tells about itself. */
export interface ServiceReport {
  readonly state: Extract<ServiceState, 'start-pending' | 'running' | 'stop-pending' | 'stopped'>
  readonly checkPoint: number
  readonly waitHintMs: number
  /** When it has stopped: 0 in good order, else its own code. */
  readonly ownCode: number
}

export interface ServiceHandlers {
  /** The system has started it; from here on it reports. */
  started(): void
  asked(ask: ServiceAsk): void
}

/** This process as the service that the system started it as. */
export interface ServiceProcess {
  /** Settles when the service has reported that it stopped; throws `service-failed` when the system did not start this process. */
  serve(name: string, handlers: ServiceHandlers): Promise<void>
  report(report: ServiceReport): void
}
