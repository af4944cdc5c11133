import type { InventoryDelta } from '@varve/protocol/agent'
import type { ImageRecord } from '@varve/protocol/images'
import { refusalCode } from '../connection/agent-client.ts'
import type { Session } from '../connection/deliver-reports.ts'
import type { Logger } from '../platform/logger.ts'

const recordsPerDelta = 50
const removedPerDelta = 1000
/** Characters of JSON in one delta, roughly. */
const deltaLength = 4 * 1024 * 1024
/** More names than this do not fit into one `scan-finished`. */
const presentLimit = 1_000_000

/** A scan waits while so many records have not been acknowledged: they are large, and the controller may be away. */
const unsentLimit = 500

interface LibraryState {
  /** Names of all images that are known. */
  readonly names: Set<string>
  /** What the controller has not acknowledged in its present form. */
  readonly unsent: Map<string, ImageRecord>
  readonly removed: Set<string>
  scan: 'never' | 'running' | 'finished'
  tellStarted: boolean
  tellFinished: boolean
}

/**
 * What this agent's libraries hold, and what of it the controller does not know yet. State, not a queue: a session sends
 * what the controller has not acknowledged, so that nothing is lost or grows while there is no connection.
 */
export class Inventory {
  readonly #libraries: ReadonlyMap<string, LibraryState>
  readonly #waiting = new Set<() => void>()
  #wake: () => void = () => {}

  constructor(names: readonly string[]) {
    this.#libraries = new Map(names.map((name) => [name, emptyState()]))
  }

  scanStarted(library: string): void {
    const state = this.#state(library)
    state.scan = 'running'
    state.tellStarted = true
    this.#wake()
  }

  /** Takes a record; resolves when there is room for the next one, or the signal comes. */
  async put(record: ImageRecord, signal: AbortSignal): Promise<void> {
    const state = this.#state(record.library)
    state.names.add(record.name)
    state.unsent.set(record.name, record)
    state.removed.delete(record.name)
    this.#wake()
    while (state.unsent.size >= unsentLimit && !signal.aborted) await this.#nextAcknowledgement(signal)
  }

  /** `present`: all names that are there; what is known and not among them is gone. */
  scanFinished(library: string, present: readonly string[]): void {
    const state = this.#state(library)
    const there = new Set(present)
    for (const name of state.names) {
      if (there.has(name)) continue
      state.names.delete(name)
      state.unsent.delete(name)
      state.removed.add(name)
    }
    state.scan = 'finished'
    state.tellFinished = true
    this.#wake()
  }

  /** Sends what the controller does not know for as long as the session lasts; rejects when it no longer answers. */
  async deliver(session: Session, log: Logger): Promise<void> {
    for (const state of this.#libraries.values()) {
      state.tellStarted = state.scan !== 'never'
      state.tellFinished = state.scan === 'finished'
    }
    while (!session.signal.aborted) {
      const woken = this.#whenWoken(session.signal)
      let sent = false
      for (const [library, state] of this.#libraries) {
        if (await deliverOne({ library, state, session, log })) sent = true
      }
      for (const resolve of this.#waiting) resolve()
      if (!sent) await woken
    }
  }

  async #nextAcknowledgement(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    this.#waiting.delete(resolve)
  }

  #whenWoken(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    signal.addEventListener('abort', () => resolve(), { once: true })
    return promise
  }

  #state(library: string): LibraryState {
    const state = this.#libraries.get(library)
    if (!state) throw new RangeError(`there is no library ${library}`)
    return state
  }
}

function emptyState(): LibraryState {
  return {
    names: new Set(),
    unsent: new Map(),
    removed: new Set(),
    scan: 'never',
    tellStarted: false,
    tellFinished: false,
  }
}

interface Delivery {
  readonly library: string
  readonly state: LibraryState
  readonly session: Session
  readonly log: Logger
}

/** Sends the next delta of one library; false when the controller knows it all. */
async function deliverOne(delivery: Delivery): Promise<boolean> {
  const { library, state } = delivery
  if (state.tellStarted) {
    state.tellStarted = false
    await send(delivery, { ...emptyDelta(library), kind: 'scan-started' })
    return true
  }
  if (state.unsent.size > 0 || state.removed.size > 0) {
    const changed = nextRecords(state)
    const removed = [...state.removed].slice(0, removedPerDelta)
    await send(delivery, { ...emptyDelta(library), changed, removed })
    for (const record of changed) {
      if (state.unsent.get(record.name) === record) state.unsent.delete(record.name)
    }
    for (const name of removed) state.removed.delete(name)
    return true
  }
  if (!state.tellFinished || state.scan !== 'finished') return false
  state.tellFinished = false
  const present = state.names.size > presentLimit ? null : [...state.names]
  await send(delivery, { ...emptyDelta(library), kind: 'scan-finished', present })
  return true
}

function nextRecords(state: LibraryState): ImageRecord[] {
  const records: ImageRecord[] = []
  let length = 0
  for (const record of state.unsent.values()) {
    length += JSON.stringify(record).length
    if (records.length > 0 && length > deltaLength) break
    records.push(record)
    if (records.length >= recordsPerDelta) break
  }
  return records
}

async function send({ session, log, library }: Delivery, delta: InventoryDelta): Promise<void> {
  try {
    await session.client.inventory(session.id, delta)
  } catch (error) {
    if (refusalCode(error) !== 'BAD_REQUEST') throw error
    // Sent again it would be refused again, and nothing behind it would ever arrive.
    log.error({ library, err: error, names: delta.changed.map(({ name }) => name) }, 'a delta was refused')
  }
}

function emptyDelta(library: string): InventoryDelta {
  return {
    library,
    kind: 'changes',
    changed: [],
    removed: [],
    present: null,
    at: new Date().toISOString(),
  }
}
