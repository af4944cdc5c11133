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

interface LibraryState {
  readonly records: Map<string, ImageRecord>
  /** Names that the controller has not acknowledged in their present form. */
  readonly unsent: Set<string>
  readonly removed: Set<string>
  scan: 'never' | 'running' | 'finished'
  tellStarted: boolean
  tellFinished: boolean
}

/**
 * What this agent's libraries hold, and how much of it the controller knows. State, not a queue: a session sends what
 * the controller has not acknowledged, so that nothing is lost or grows while there is no connection.
 */
export class Inventory {
  readonly #libraries: ReadonlyMap<string, LibraryState>
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

  put(record: ImageRecord): void {
    const state = this.#state(record.library)
    state.records.set(record.name, record)
    state.unsent.add(record.name)
    state.removed.delete(record.name)
    this.#wake()
  }

  /** `present`: all names that are there; what is known and not among them is gone. */
  scanFinished(library: string, present: readonly string[]): void {
    const state = this.#state(library)
    const there = new Set(present)
    for (const name of state.records.keys()) {
      if (there.has(name)) continue
      state.records.delete(name)
      state.unsent.delete(name)
      state.removed.add(name)
    }
    state.scan = 'finished'
    state.tellFinished = true
    this.#wake()
  }

  /** All is sent again, as if the controller knew nothing. */
  forgetAcknowledged(): void {
    for (const state of this.#libraries.values()) {
      for (const name of state.records.keys()) state.unsent.add(name)
      state.tellStarted = true
      state.tellFinished = state.scan === 'finished'
    }
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
      if (!sent) await woken
    }
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
    records: new Map(),
    unsent: new Set(),
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
      if (state.records.get(record.name) === record) state.unsent.delete(record.name)
    }
    for (const name of removed) state.removed.delete(name)
    return true
  }
  if (!state.tellFinished || state.scan !== 'finished') return false
  state.tellFinished = false
  const present = state.records.size > presentLimit ? null : [...state.records.keys()]
  await send(delivery, { ...emptyDelta(library), kind: 'scan-finished', present })
  return true
}

function nextRecords(state: LibraryState): ImageRecord[] {
  const records: ImageRecord[] = []
  let length = 0
  for (const name of state.unsent) {
    const record = state.records.get(name)
    if (!record) continue
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
