import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { TRPCError } from '@trpc/server'
import { DiskError } from '@varve/core/problems/disk-error'
import type {
  AgentCommand,
  ControllerStart,
  Hello,
  SeenController,
  InventoryState,
  Welcome,
} from '@varve/protocol/agent'
import { oldestProtocol, protocolVersion } from '@varve/protocol/primitives'
import { timestamp } from '../clock.ts'
import { waitingFor } from '../events/event-log.ts'
import type { Identity } from '@varve/protocol/identity'
import type { AgentCall, Caller } from '../router/context.ts'
import type { Numbered } from '../events/numbered.ts'
import { write, type Db } from '../store/database.ts'
import { hostSessions, saveHost, setAllOffline, setPresence, type HostSession } from '../store/hosts-store.ts'
import type { Hearing } from './hearing.ts'
import { formatChoicesOf } from '../store/formats-store.ts'
import { openRunsAt } from '../store/runs-store.ts'
import { addCommand, commandsAfter, lastCommandSequence, pruneCommands } from '../store/jobs-store.ts'

/** Which agent speaks for which host, whether it is there, and the stream of commands to it. */
export interface Sessions {
  hello(hello: Hello, caller: Caller): Promise<Welcome>
  commands(
    from: AgentCall,
    lastId: number | null,
    signal: AbortSignal,
  ): AsyncGenerator<Numbered<AgentCommand>>
  /** The host that the session speaks for; throws UNAUTHORIZED or CONFLICT. */
  hostOf(from: AgentCall): HostSession
  /** The agent of a host, with when it was last seen; null when it never said hello. */
  find(host: string): Presence | null
  /** Waits until the host is connected; throws `agent-gone` after `timeoutMs`. */
  waitConnected(host: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<HostSession>
  send(to: HostSession, command: AgentCommand): void
  /** Wakes the stream of a host after commands were added in a transaction. */
  wake(host: string): void
  /** Ends the connection of a host's agent at once. */
  cut(host: string, reason: string): void
  /** Sends a command to every agent that is there. */
  sendAll(command: AgentCommand): void
  /** Drops a host that is away; it may say hello again, as one that was never seen. */
  forget(host: string): void
  stop(): void
}

export interface Presence extends HostSession {
  readonly isConnected: boolean
  /** Milliseconds since it was last connected in which it could have been heard; 0 when it is. */
  readonly awayMs: number
  /** Address that it said hello from; null when it has not done so yet. */
  readonly peer: string | null
  /** The run of its machine since that was started; null: not known. */
  readonly boot: string | null
}

export interface SessionOptions {
  readonly db: Db
  readonly controllerVersion: string
  readonly hearing: Hearing
  /** Libraries of which the inventory has something else than the agent says. */
  readonly differing: (host: string, states: readonly InventoryState[]) => string[]
  /** How long an agent may take from its hello to its stream of commands. */
  readonly subscribeMs: number
  /** Throws unless this caller may speak for the host. */
  readonly admit: (host: string, caller: Caller) => void
  /** Two of one certificate are there at once: it is stopped. */
  readonly onClone: (host: string, identity: AgentIdentity) => void
  readonly start: ControllerStart
  /** An agent has seen more than this controller knows: what was open in the backup does not go on by itself. */
  readonly onSeen: (host: string, seen: SeenController) => Promise<void>
  /** What an agent believes its fleet by. */
  readonly roots: () => readonly string[]
  /** Certificates that let nobody in any more. */
  readonly barred: () => readonly string[]
  /** Called in the transaction of a hello, and whenever a host comes or goes. */
  readonly onHello: (host: HostSession, hello: Hello) => void
  readonly onPresence: (host: string, isConnected: boolean) => void
}

/** As often an agent may come by a second connection within so long, while the first is there. */
const mostReturns = 3
const returnsMs = 300_000

export type AgentIdentity = Extract<Identity, { kind: 'agent' }>

interface Agent {
  readonly who: HostSession
  /** Who said hello; null: nobody has since this controller was started. */
  readonly caller: Caller | null
  readonly boot: string | null
  isConnected: boolean
  lastSeen: number
  /** The stream of commands that is open now. */
  stream: { end: () => void } | null
  readonly wakes: EventEmitter
  subscribeTimer: NodeJS.Timeout | null
}

export function createSessions(options: SessionOptions): Sessions {
  const { db, hearing } = options
  const agents = new Map<string, Agent>()
  const bySession = new Map<string, Agent>()
  const replaced = new Map<string, { host: string; instance: string }>()
  const returns = new Map<string, number[]>()
  const arrivals = new EventEmitter()
  arrivals.setMaxListeners(0)
  setAllOffline(db, timestamp())
  for (const who of hostSessions(db)) keep(newAgent(who, { caller: null, boot: null }))

  function newAgent(who: HostSession, { caller, boot }: Pick<Agent, 'caller' | 'boot'>): Agent {
    const wakes = new EventEmitter()
    return {
      who,
      caller,
      boot,
      isConnected: false,
      lastSeen: hearing.now(),
      stream: null,
      wakes,
      subscribeTimer: null,
    }
  }

  function keep(agent: Agent): void {
    const before = agents.get(agent.who.name)
    if (before) bySession.delete(before.who.session)
    agents.set(agent.who.name, agent)
    bySession.set(agent.who.session, agent)
  }

  function setConnected(agent: Agent, isConnected: boolean): void {
    if (agents.get(agent.who.name) !== agent) return
    agent.lastSeen = hearing.now()
    if (agent.isConnected === isConnected) return
    agent.isConnected = isConnected
    write(db, (tx) => {
      setPresence(tx, agent.who.name, { connected: isConnected, since: timestamp() })
      options.onPresence(agent.who.name, isConnected)
    })
    if (isConnected) arrivals.emit(agent.who.name)
  }

  function agentOf({ session, caller }: AgentCall): Agent {
    const agent = bySession.get(session)
    if (agent && isSameMember(agent.caller?.identity, caller.identity)) return agent
    const old = replaced.get(session)
    if (old) throw takenOver(old.host)
    throw new TRPCError({
      code: 'UNAUTHORIZED',
      message: 'This session is not known here: say hello again.',
    })
  }

  function expectSubscription(agent: Agent): void {
    clearTimer(agent)
    agent.subscribeTimer = setTimeout(() => {
      if (agent.stream === null) setConnected(agent, false)
    }, options.subscribeMs)
  }

  /** Throws when the host has an agent that is there: a name and a certificate are of one only. */
  async function assertAlone({ facts, instance }: Hello, caller: Caller): Promise<void> {
    const before = agents.get(facts.name)
    if (!before?.isConnected || !before.caller || before.caller === caller) return
    const { identity } = caller
    if (identity.kind !== 'agent' && before.who.instance === instance) return
    if (!(await before.caller.isAlive()) || agents.get(facts.name) !== before) return
    if (identity.kind !== 'agent') throw takenOver(facts.name)
    if (before.who.instance === instance && returned(facts.name) < mostReturns) {
      before.caller.end('its agent has another connection now')
      return
    }
    options.onClone(facts.name, identity)
    cut(facts.name, 'its certificate is used by two hosts')
    options.admit(facts.name, caller)
  }

  /** How often an agent has come by a second connection in the last minutes: one process does so seldom, a copy of a machine that runs all the time. */
  function returned(host: string): number {
    const now = hearing.now()
    const times = (returns.get(host) ?? []).filter((at) => now - at < returnsMs)
    returns.set(host, [...times, now])
    return times.length
  }

  function cut(host: string, reason: string): void {
    const agent = agents.get(host)
    if (!agent) return
    agent.stream?.end()
    agent.caller?.end(reason)
    bySession.delete(agent.who.session)
    setConnected(agent, false)
  }

  return {
    cut,

    async hello(hello, caller) {
      const { facts, instance } = hello
      const spoken = spokenByBoth(hello)
      options.admit(facts.name, caller)
      await assertAlone(hello, caller)
      await options.onSeen(facts.name, hello.seen)
      const before = agents.get(facts.name)
      for (const old of replaced.values()) {
        if (before?.isConnected && old.host === facts.name && old.instance === instance)
          throw takenOver(facts.name)
      }
      const isSame = before?.who.instance === instance
      const session = randomBytes(24).toString('base64url')
      const who: HostSession = { name: facts.name, instance, session }
      const wasConnected = isSame && before.isConnected
      write(db, (tx) => {
        saveHost(tx, who, { facts, at: timestamp(), connected: true })
        pruneCommands(tx, { host: facts.name, instance }, hello.jobs)
        options.onHello(who, hello)
        if (!wasConnected) options.onPresence(facts.name, true)
      })
      const agent = newAgent(who, { caller, boot: hello.boot })
      agent.isConnected = true
      keep(agent)
      if (before) {
        clearTimer(before)
        before.stream?.end()
        if (!isSame) replaced.set(before.who.session, { host: facts.name, instance: before.who.instance })
        if (replaced.size > 1000) replaced.delete([...replaced.keys()][0] ?? '')
      }
      if (!wasConnected) arrivals.emit(facts.name)
      expectSubscription(agent)
      const { controllerVersion } = options
      const differing = options.differing(facts.name, hello.inventory)
      const formats = formatChoicesOf(db, facts.name)
      const runs = openRunsAt(db, facts.name)
      return {
        protocolVersion: spoken,
        controllerVersion,
        session,
        differing,
        formats,
        runs,
        start: options.start,
        roots: [...options.roots()],
        barred: [...options.barred()],
      }
    },

    async *commands(from, lastId, signal) {
      const agent = agentOf(from)
      clearTimer(agent)
      agent.stream?.end()
      const ending = new AbortController()
      const stream = { end: () => ending.abort() }
      agent.stream = stream
      const stop = AbortSignal.any([signal, ending.signal])
      const waker = waitingFor(agent.wakes, stop)
      setConnected(agent, true)
      try {
        // A number from the future was given by another inventory, which is gone.
        let place = lastId === null || lastId > lastCommandSequence(db) ? 0 : lastId
        while (!stop.aborted) {
          const page = commandsAfter(db, { host: agent.who.name, instance: agent.who.instance }, place)
          for (const command of page) {
            if (stop.aborted) break
            place = command.id
            yield command
          }
          if (page.length === 0 && !(await waker())) break
        }
        if (!signal.aborted && replaced.has(from.session)) throw takenOver(agent.who.name)
      } finally {
        ending.abort()
        if (agent.stream === stream) {
          agent.stream = null
          setConnected(agent, false)
        }
      }
    },

    hostOf(from) {
      const agent = agentOf(from)
      agent.lastSeen = hearing.now()
      return agent.who
    },

    find(host) {
      const agent = agents.get(host)
      if (!agent) return null
      const awayMs = agent.isConnected ? 0 : hearing.now() - agent.lastSeen
      const { isConnected, boot } = agent
      return { ...agent.who, isConnected, awayMs, peer: agent.caller?.peer ?? null, boot }
    },

    async waitConnected(host, { timeoutMs, signal }) {
      const agent = agents.get(host)
      if (agent?.isConnected) return agent.who
      const left = timeoutMs - (agent ? hearing.now() - agent.lastSeen : timeoutMs)
      await arrival(arrivals, host, { timeoutMs: Math.max(0, left), signal })
      const arrived = agents.get(host)
      if (!arrived?.isConnected) throw new DiskError('agent-gone', { file: host, host })
      return arrived.who
    },

    send(to, command) {
      write(db, (tx) => addCommand(tx, { host: to.name, instance: to.instance }, command))
      agents.get(to.name)?.wakes.emit('wake')
    },

    sendAll(command) {
      for (const agent of agents.values()) if (agent.isConnected) this.send(agent.who, command)
    },

    wake(host) {
      agents.get(host)?.wakes.emit('wake')
    },

    forget(host) {
      const agent = agents.get(host)
      if (!agent) return
      clearTimer(agent)
      agent.stream?.end()
      agents.delete(host)
      bySession.delete(agent.who.session)
    },

    stop() {
      for (const agent of agents.values()) {
        clearTimer(agent)
        agent.stream?.end()
      }
    },
  }
}

/** A session is of the connection's own member; one of this machine has none. */
function isSameMember(one: Identity | undefined, other: Identity): boolean {
  if (one?.kind !== 'agent' || other.kind !== 'agent') return one === undefined || one.kind === other.kind
  return one.serial === other.serial
}

function clearTimer(agent: Agent): void {
  if (agent.subscribeTimer) clearTimeout(agent.subscribeTimer)
  agent.subscribeTimer = null
}

/** Settles when the host arrives, the time is over or the signal aborts (then it throws). */
async function arrival(
  arrivals: EventEmitter,
  host: string,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const { timeoutMs, signal } = options
  signal.throwIfAborted()
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      arrivals.off(host, done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, timeoutMs)
    arrivals.on(host, done)
    signal.addEventListener('abort', done)
  })
  signal.throwIfAborted()
}

function takenOver(host: string): TRPCError {
  return new TRPCError({
    code: 'CONFLICT',
    message: `Another agent has said hello as ${host} and speaks for it now. Give one of the two another name.`,
  })
}

/** The newest version of the protocol that both ends speak; throws `refused` when there is none. */
function spokenByBoth(hello: Hello): number {
  const { protocolVersion: oldest, speaks = oldest } = hello
  const newest = Math.min(speaks, protocolVersion)
  if (newest < oldest || newest < oldestProtocol) throw wrongVersion(hello)
  return newest
}

function wrongVersion(hello: Hello): DiskError {
  const isAgentOld = hello.protocolVersion < protocolVersion
  return new DiskError('refused', {
    file: hello.facts.name,
    reason: `the agent speaks version ${hello.protocolVersion} of the protocol, this controller version ${protocolVersion}`,
    remedy: isAgentOld ? `Update the agent on ${hello.facts.name}.` : 'Update the controller.',
  })
}
