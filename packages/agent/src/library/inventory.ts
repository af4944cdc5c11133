import type { InventoryDelta, InventoryState } from '@varve/protocol/agent'
import type { ImageRecord } from '@varve/protocol/images'
import { refusalCode } from '../connection/agent-client.ts'
import type { Session } from '../connection/deliver-reports.ts'
import type { Logger } from '../platform/logger.ts'
import { fitRecord } from './fit-record.ts'
import { reconcile } from './reconcile.ts'
import { digestOf, withChecksum, type Measured } from './record-checksum.ts'

const recordsPerDelta = 50
const removedPerDelta = 1000
/** Bytes of JSON in one delta, roughly. */
const deltaBytes = 512 * 1024

/** A scan waits while so many records have not been acknowledged: they are large, and the controller may be away. */
const unsentLimit = 500
/** In one session a library is compared so often; when it still differs then, something is wrong that repeating does not mend. */
const mostComparisons = 10

interface LibraryState {
  /** Checksums of all images that are known, by name. */
  readonly checksums: Map<string, number>
  /** What the controller has not acknowledged in its present form. */
  readonly unsent: Map<string, Measured>
  readonly removed: Set<string>
  scan: 'never' | 'running' | 'finished'
  tellStarted: boolean
  tellFinished: boolean
  /** The controller knows something else: what it is, is to be found out. */
  differs: boolean
  comparisons: number
}

export interface InventoryOptions {
  /** Called with images whose records the controller does not have, although it was sent them once. */
  readonly onWanted: (library: string, names: readonly string[]) => void
}

/**
 * What this agent's libraries hold, and what of it the controller does not know yet. State, not a queue: a session sends
 * what the controller has not acknowledged, so that nothing is lost or grows while there is no connection. With each
 * hello and at the end of each scan both ends compare a count and a digest of each library, and what differs is sent again.
 */
export class Inventory {
  readonly #libraries: ReadonlyMap<string, LibraryState>
  readonly #waiting = new Set<() => void>()
  readonly #onWanted: InventoryOptions['onWanted']
  #wake: () => void = () => {}

  constructor(names: readonly string[], { onWanted }: InventoryOptions = { onWanted: () => {} }) {
    this.#libraries = new Map(names.map((name) => [name, emptyState()]))
    this.#onWanted = onWanted
  }

  /** What the controller knows, if nothing was lost, of the libraries of which it was sent everything. */
  states(): InventoryState[] {
    return [...this.#libraries]
      .filter(([, state]) => isSent(state))
      .map(([library, state]) => ({ library, ...stateOf(state) }))
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
    const measured = withChecksum(fitRecord(record))
    state.checksums.set(record.name, measured.record.checksum)
    state.unsent.set(record.name, measured)
    state.removed.delete(record.name)
    this.#wake()
    while (state.unsent.size >= unsentLimit && !signal.aborted) await this.#nextAcknowledgement(signal)
  }

  /** `present`: all names that are there; what is known and not among them is gone. */
  scanFinished(library: string, present: readonly string[]): void {
    const state = this.#state(library)
    const there = new Set(present)
    for (const name of state.checksums.keys()) {
      if (there.has(name)) continue
      state.checksums.delete(name)
      state.unsent.delete(name)
      state.removed.add(name)
    }
    state.scan = 'finished'
    state.tellFinished = true
    this.#wake()
  }

  /** Sends what the controller does not know for as long as the session lasts; rejects when it no longer answers. */
  async deliver(session: Session, log: Logger): Promise<void> {
    for (const [library, state] of this.#libraries) {
      state.differs = session.differing.includes(library)
      state.comparisons = 0
      const isKnown = isSent(state) && !state.differs
      state.tellStarted = state.scan !== 'never' && !isKnown
      state.tellFinished = state.scan === 'finished' && !isKnown
    }
    while (!session.signal.aborted) {
      const woken = this.#whenWoken(session.signal)
      let sent = false
      for (const [library, state] of this.#libraries) {
        const delivery = { library, state, session, log, onWanted: this.#onWanted }
        if (await deliverOne(delivery)) sent = true
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
    checksums: new Map(),
    unsent: new Map(),
    removed: new Set(),
    scan: 'never',
    tellStarted: false,
    tellFinished: false,
    differs: false,
    comparisons: 0,
  }
}

function isSent({ scan, unsent, removed }: LibraryState): boolean {
  return scan === 'finished' && unsent.size === 0 && removed.size === 0
}

function stateOf({ checksums }: LibraryState): Omit<InventoryState, 'library'> {
  return { count: checksums.size, digest: digestOf(checksums.values()) }
}

interface Delivery extends InventoryOptions {
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
    await sendChanges(delivery)
    return true
  }
  if (state.differs && state.scan === 'finished') {
    state.differs = false
    await findDifferences(delivery)
    return true
  }
  if (!state.tellFinished || state.scan !== 'finished') return false
  state.tellFinished = false
  const inStep = await send(delivery, {
    ...emptyDelta(library),
    kind: 'scan-finished',
    state: stateOf(state),
  })
  // What was found since then is not sent yet: the end of that scan will tell.
  if (!inStep && isSent(state)) state.differs = true
  return true
}

async function sendChanges(delivery: Delivery): Promise<void> {
  const { library, state } = delivery
  const changed = nextRecords(state)
  const removed = [...state.removed].slice(0, removedPerDelta)
  await send(delivery, { ...emptyDelta(library), changed: changed.map(({ record }) => record), removed })
  for (const measured of changed) {
    const { name } = measured.record
    if (state.unsent.get(name) === measured) state.unsent.delete(name)
  }
  for (const name of removed) state.removed.delete(name)
}

/** Finds out what the controller does not have, and has it looked at again: records are not kept here. */
async function findDifferences({ library, state, session, log, onWanted }: Delivery): Promise<void> {
  if (state.comparisons >= mostComparisons) return
  state.comparisons += 1
  const wanted = await reconcile(library, state.checksums, {
    client: session.client,
    session: session.id,
    signal: session.signal,
  })
  const lost = wanted.filter((name) => state.checksums.has(name) && !state.unsent.has(name))
  log.info(
    { library, images: state.checksums.size, wanted: lost.length },
    'the controller knew something else',
  )
  if (lost.length === 0) return
  // The end of the scan that finds them again is told instead.
  state.tellFinished = false
  onWanted(library, lost)
}

function nextRecords(state: LibraryState): Measured[] {
  const records: Measured[] = []
  let total = 0
  for (const measured of state.unsent.values()) {
    total += measured.bytes
    if (records.length > 0 && total > deltaBytes) break
    records.push(measured)
    if (records.length >= recordsPerDelta) break
  }
  return records
}

/** Sends a delta; gives whether the controller then knows the same. */
async function send(delivery: Delivery, delta: InventoryDelta): Promise<boolean> {
  const { session, log, library, state } = delivery
  try {
    const { inStep } = await session.client.inventory(session.id, delta)
    return inStep
  } catch (error) {
    if (refusalCode(error) !== 'BAD_REQUEST') throw error
    if (delta.changed.length > 1) {
      for (const record of delta.changed) await send(delivery, { ...delta, changed: [record], removed: [] })
      await send(delivery, { ...delta, changed: [] })
      return true
    }
    // Sent again it would be refused again, and nothing behind it would ever arrive.
    for (const { name } of delta.changed) state.checksums.delete(name)
    log.error({ library, err: error, names: delta.changed.map(({ name }) => name) }, 'a delta was refused')
    return true
  }
}

function emptyDelta(library: string): InventoryDelta {
  return {
    library,
    kind: 'changes',
    changed: [],
    removed: [],
    state: null,
    at: new Date().toISOString(),
  }
}
