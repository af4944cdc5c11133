import type {
  AgentCommand,
  Hello,
  InventoryAnswer,
  InventoryDelta,
  InventoryPart,
  LibraryPlaces,
  JobReport,
  ManifestPart,
  ComparedPart,
  Welcome,
} from '@varve/protocol/agent'
import type { ActivityRow, EventView } from '@varve/protocol/events'
import type { BeginUpload, BegunUpload, UploadTarget } from '@varve/protocol/file-streams'
import type { HostPage, HostQuery, HostView } from '@varve/protocol/hosts'
import type { ChooseFormat, FormatChoice, ImagePage, ImageQuery, ImageView } from '@varve/protocol/images'
import type { Identity } from '@varve/protocol/identity'
import type { DigestResult } from '@varve/protocol/jobs'
import type { EndedState, MigrationRequest, MigrationView, StartMigration } from '@varve/protocol/migrations'
import type { PlanView } from '@varve/protocol/plans'
import type {
  AskedBy,
  PlanAnswer,
  PlanRequest,
  RunLogEntry,
  RunQuery,
  RunView,
  StartRun,
} from '@varve/protocol/runs'
import type { RunImage } from '@varve/protocol/run-images'
import type { ActionOutcome } from '@varve/operations/actions/action-table'
import type {
  ApiKeyView,
  Grant,
  MadeApiKey,
  Me,
  NewApiKey,
  NewPerson,
  PersonView,
  SessionView,
  SignInLink,
} from '@varve/protocol/people'
import type { PlacesView } from '@varve/protocol/places'
import type { QuarantineView } from '@varve/protocol/quarantine'
import type { Reading } from '@varve/protocol/primitives'
import type {
  LibraryPlace,
  SchedulePage,
  ScheduleQuery,
  ScheduleView,
  SetSchedule,
} from '@varve/protocol/schedules'
import type { ImageReportView } from '@varve/protocol/reports'
import type { Overview, ServerInfo } from '@varve/protocol/overview'
import type {
  FleetRoots,
  JoinRequest,
  MadeJoinToken,
  Membership,
  NewJoinToken,
  TrustView,
  NewToolCertificate,
  ToolCertificate,
} from '@varve/protocol/trust'
import type { RolloutView, StartRollout, UpdatesView } from '@varve/protocol/updates'
import type { z } from 'zod'
import type { AuditService } from '../audit/audit-log.ts'
import type { EventReader } from '../events/event-log.ts'
import type { Numbered } from '../events/numbered.ts'
import type { Act, Whereabouts } from '../people/authorization.ts'

/** What is asked for, and by whom; left out: by a person. */
export type StartedRun = z.output<typeof StartRun> & { readonly askedBy?: AskedBy }

/** What the routers call; each procedure is one call. */
export interface Services {
  readonly audit: AuditService
  /** For the rights of who calls. */
  readonly whereabouts: Whereabouts
  readonly fleet: {
    info(): ServerInfo
    overview(): Overview
    hosts(query: z.output<typeof HostQuery>): HostPage
    host(name: string): HostView | null
    rescan(name: string): void
    /** Takes a host that is gone out of the inventory. */
    forget(name: string): void
  }
  readonly images: {
    list(query: z.output<typeof ImageQuery>): ImagePage
    /** Remembers the format of an image or a folder, and tells the agent. */
    chooseFormat(choice: ChooseFormat): void
    /** All formats that were said of a host's images. */
    formatChoices(host: string): FormatChoice[]
    get(id: string): ImageView | null
    /** Runs a digest job and stores the proof. */
    digest(id: string, signal: AbortSignal | undefined): Promise<DigestResult>
    inspect(id: string, signal: AbortSignal | undefined): Promise<ImageView>
    /** A fresh report of the image read as `reading` says; keeps nothing. */
    reportOf(id: string, reading: Reading, signal: AbortSignal | undefined): Promise<ImageReportView>
  }
  readonly migrations: {
    plan(request: z.output<typeof MigrationRequest>, signal: AbortSignal | undefined): Promise<PlanView>
    start(request: z.output<typeof StartMigration>, signal: AbortSignal | undefined): Promise<MigrationView>
    cancel(id: string): MigrationView
    /** Takes one that is over out of the lists. */
    forget(id: string): void
    /** Takes out all that ended in one of these states; gives how many. */
    clear(states: readonly EndedState[]): number
    list(query: { limit: number; number: number | null }): MigrationView[]
    get(id: string): MigrationView | null
  }
  readonly places: {
    /** Where images can be on a host, with their room; asked of its agent now. */
    list(host: string, signal: AbortSignal | undefined): Promise<PlacesView>
    /** Which images of its libraries are attached and mounted there; asked of its agent now. */
    attached(host: string, signal: AbortSignal | undefined): Promise<ActionOutcome<'list-attached'>>
  }
  readonly quarantine: {
    /** What lies in the quarantines of a host's libraries; asked of its agent now. */
    list(host: string, signal: AbortSignal | undefined): Promise<QuarantineView>
  }
  readonly uploads: {
    /** Begins an upload of a file into a library, or goes on with it; its pieces are taken of `owner` only. */
    begin(upload: BeginUpload, owner: string, signal: AbortSignal | undefined): Promise<BegunUpload>
    /** Removes what has arrived. */
    cancel(upload: UploadTarget, signal: AbortSignal | undefined): Promise<void>
  }
  readonly runs: {
    plan(request: z.output<typeof PlanRequest>, signal: AbortSignal | undefined): Promise<PlanAnswer>
    /** `allow` throws when the caller may not work on what the plan turns out to be about. */
    start(request: StartedRun, signal: AbortSignal | undefined, allow?: (act: Act) => void): Promise<RunView>
    cancel(id: string): RunView
    resume(id: string): RunView
    undo(id: string): RunView
    /** Takes one that is over out of the lists. */
    forget(id: string): void
    list(query: z.output<typeof RunQuery>): RunView[]
    /** By its id or its number. */
    get(id: string): RunView | null
    /** What happened in it, oldest first. */
    log(id: string): RunLogEntry[]
    /** What it works on, as it was when it began and as it is. */
    images(id: string): RunImage[]
  }
  readonly schedules: {
    list(query: z.output<typeof ScheduleQuery>): SchedulePage
    set(schedule: SetSchedule): ScheduleView
    remove(place: LibraryPlace): void
  }
  readonly events: {
    /** Live events after `lastId`; null: only new ones. Subscribes before it reads the backlog. */
    since(lastId: number | null, reader: EventReader): AsyncIterable<Numbered<EventView[]>>
    activity(before: number | null, limit: number): ActivityRow[]
  }
  readonly agents: {
    hello(hello: Hello, caller: Caller): Promise<Welcome>
    commands(
      from: AgentCall,
      lastId: number | null,
      signal: AbortSignal,
    ): AsyncIterable<Numbered<AgentCommand>>
    report(from: AgentCall, reports: readonly JobReport[]): void
    inventory(from: AgentCall, delta: InventoryDelta): Promise<InventoryAnswer>
    compare(from: AgentCall, part: InventoryPart): ComparedPart
    places(from: AgentCall, places: LibraryPlaces): void
    freed(from: AgentCall, token: string): void
    manifest(from: AgentCall, part: ManifestPart): void
    /** A new certificate for the agent that shows the one it has. */
    renew(from: AgentCall, request: string): Promise<Membership>
  }
  readonly people: {
    /** Who calls, and how people sign in here. */
    me(caller: Caller): Promise<Me>
    list(): PersonView[]
    /** Makes a person, and a link that signs them in once. */
    add(person: z.output<typeof NewPerson>, caller: Caller): Promise<SignInLink>
    setGrant(name: string, grant: Grant): PersonView
    setDisabled(name: string, isDisabled: boolean): PersonView
    remove(name: string): void
    /** A new link for somebody; `forgets`: password, passkeys, codes, sessions and keys they had until now. */
    link(name: string, forgets: boolean, caller: Caller): SignInLink
    setPassword(
      caller: Caller,
      password: { readonly currentPassword?: string | undefined; readonly newPassword: string },
    ): Promise<void>
    /** `whose` null: of everybody. */
    sessions(whose: Identity | null, caller: Caller): SessionView[]
    endSession(whose: Identity | null, id: string): void
    keys(whose: Identity | null): ApiKeyView[]
    /** A key of the caller's own. */
    makeKey(caller: Caller, key: z.output<typeof NewApiKey>): Promise<MadeApiKey>
    revokeKey(whose: Identity | null, id: string): void
  }
  readonly updates: {
    /** What hosts can be updated to, which can, and how that goes. */
    view(): Promise<UpdatesView>
    /** Begins to update hosts, ring by ring. */
    start(wish: z.output<typeof StartRollout>): Promise<RolloutView>
    /** What has not begun to start anew is left as it is. */
    cancel(id: string): RolloutView
  }
  readonly trust: {
    /** Who belongs to the fleet, and which roots are believed. */
    view(): TrustView
    makeToken(token: z.output<typeof NewJoinToken>): MadeJoinToken | Promise<MadeJoinToken>
    cancelToken(id: string): void
    /** A host joins by its token. */
    join(request: JoinRequest): Promise<Membership>
    /** What the fleet's controller is known by. */
    roots(): FleetRoots
    /** A certificate for a tool that speaks NBD. */
    certify(tool: NewToolCertificate): Promise<ToolCertificate>
    /** Puts a member out at once, and for good. */
    revoke(name: string): void
    /** Lets a member that was stopped in again. */
    allow(name: string): void
    /** Makes a new root; the fleet moves to it by itself. */
    rotate(): Promise<TrustView>
  }
}

/** A call of an agent: the session that it has, and the connection that it came by. */
export interface AgentCall {
  readonly session: string
  readonly caller: Caller
}

/** Who calls: bounds what it has going, and gives it its turns. */
export interface Caller {
  /** Address that it is connected from. */
  readonly peer: string
  readonly identity: Identity
  /** Of the address that it asked at, such as `https://varve.example.org:7070`. */
  readonly origin: string
  /** Whether its other end answers now; a caller of HTTP has none that could. */
  isAlive(): Promise<boolean>
  /** Ends its connection; `reason` is for the log. */
  end(reason: string): void
  /** Runs a call in its turn; throws TOO_MANY_REQUESTS when too many are going. */
  call<T>(work: () => Promise<T>): Promise<T>
  /** Counts a stream until it is disposed; throws as `call` does. */
  stream(): Disposable
  /** Waits until most of what it was sent is taken. */
  drained(): Promise<void>
}

export interface Context {
  readonly services: Services
  readonly caller: Caller
}
