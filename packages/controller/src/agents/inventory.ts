import { TRPCError } from '@trpc/server'
import type {
  InventoryAnswer,
  InventoryDelta,
  InventoryPart,
  InventoryState,
  ComparedPart,
} from '@varve/protocol/agent'
import { timestamp } from '../clock.ts'
import type { EventLog } from '../events/event-log.ts'
import { write, type Db, type Queries } from '../store/database.ts'
import { hasLibrary, setScan, type HostSession } from '../store/hosts-store.ts'
import { removeImage } from '../store/images-store.ts'
import { checksumsBetween, inventoryState } from '../store/inventory-digests.ts'
import { linkTargetImages, type ImagePlace } from '../store/migrations-store.ts'
import { saveImage } from '../store/save-images.ts'
import type { Courtesy } from './courtesy.ts'
import type { ImageActivity, ImageChange } from './image-activity.ts'

export interface InventoryOptions {
  readonly db: Db
  readonly log: EventLog
  /** Called after images changed, with the migrations whose target has shown up. */
  readonly onImages: (linkedMigrations: readonly string[]) => void
  readonly onLibrary: (host: string) => void
  readonly activity: ImageActivity
  readonly courtesy: Courtesy
  /** Whether a write would have to wait now; see `Checkpoints`. */
  readonly isHeldOff: () => boolean
}

/** What agents found out about their libraries, and whether this controller has it all. */
export interface Inventory {
  /** Takes a delta; deltas that wait are taken together, and an agent sends the next one when this one is kept. */
  take(from: HostSession, delta: InventoryDelta): Promise<InventoryAnswer>
  /** Removes what the agent does not have in this part of a library, and names what it must send again. */
  compare(from: HostSession, part: InventoryPart): ComparedPart
  /** Libraries of which this controller has something else than the agent says. */
  differing(host: string, states: readonly InventoryState[]): string[]
  stop(): void
}

interface Waiting {
  readonly from: HostSession
  readonly delta: InventoryDelta
  /** Images of it that are kept already: a write takes a part when the whole would take too long. */
  kept: number
  readonly resolve: (answer: InventoryAnswer) => void
  readonly reject: (error: unknown) => void
}

/** What is told of a write once it is kept. */
interface Taken {
  /** Migrations whose target has shown up. */
  readonly linked: string[]
  readonly seen: ImageChange[]
}

/** A write takes so long and no longer when much is waiting; others get their turn between two writes. */
const writeMs = 5
/** So long a write lets those go first who wait for an answer. */
const mostHeldMs = 200
/** Images that one comparison removes. */
const mostRemoved = 200

export function createInventory(options: InventoryOptions): Inventory {
  const { db, log, onImages, onLibrary, activity, courtesy, isHeldOff } = options
  const queue: Waiting[] = []
  let turn: NodeJS.Immediate | null = null
  let pause: NodeJS.Timeout | null = null

  /** Writes soon: when nobody waits for an answer and no write is held off, and after `mostHeldMs` in any case. */
  function drainSoon(): void {
    if (turn || pause) return
    const until = performance.now() + mostHeldMs
    const go = () => {
      pause = null
      if ((courtesy.isAsked() || isHeldOff()) && performance.now() < until) pause = setTimeout(go, 1)
      else drain()
    }
    turn = setImmediate(() => {
      turn = null
      go()
    })
  }

  function drain(): void {
    const batch: Waiting[] = []
    let settle: (() => void)[] = []
    try {
      settle = takeTogether(batch)
    } catch {
      // One of them cannot be kept: each is written for itself, so that the others are.
      if (queue[0] !== undefined && queue[0] === batch.at(-1)) queue.shift()
      settle = batch.map(takeAlone)
    } finally {
      for (const settleOne of settle) settleOne()
      if (queue.length > 0) drainSoon()
    }
  }

  /**
   * Writes what is waiting as one until its time is up; nothing of it is kept when that fails. What it looked at is in
   * `batch`; of the last one the rest may be waiting still.
   */
  function takeTogether(batch: Waiting[]): (() => void)[] {
    const taken: Taken = { linked: [], seen: [] }
    const until = performance.now() + writeMs
    const settle = write(db, (tx) => {
      const answers: (() => void)[] = []
      do {
        const next = queue.shift()
        if (!next) break
        batch.push(next)
        const answer = refuseDelta(tx, next) ?? takeDelta(tx, next, { taken, until })
        if (answer === null) queue.unshift(next)
        else answers.push(() => (answer instanceof Error ? next.reject(answer) : next.resolve(answer)))
      } while (performance.now() < until)
      return answers
    })
    tell(taken, new Set(batch.map(({ from }) => from.name)))
    return settle
  }

  function takeAlone(waiting: Waiting): () => void {
    const taken: Taken = { linked: [], seen: [] }
    waiting.kept = 0
    try {
      const refusal = refuseDelta(db, waiting)
      if (refusal) throw refusal
      const until = Number.POSITIVE_INFINITY
      const answer = write(db, (tx) => takeDelta(tx, waiting, { taken, until }))
      tell(taken, new Set([waiting.from.name]))
      return () => answer && waiting.resolve(answer)
    } catch (error) {
      return () => waiting.reject(error)
    }
  }

  function tell({ linked, seen }: Taken, hosts: ReadonlySet<string>): void {
    for (const change of seen) activity.add(change)
    onImages(linked)
    for (const host of hosts) onLibrary(host)
  }

  /** Takes the rest of a delta; null: as much of it as there was time for. */
  function takeDelta(
    tx: Queries,
    waiting: Waiting,
    { taken: { linked, seen }, until }: { readonly taken: Taken; readonly until: number },
  ): InventoryAnswer | null {
    const { from, delta } = waiting
    const host = from.name
    const { library } = delta
    if (delta.kind === 'scan-started' && waiting.kept === 0) setScan(tx, { host, name: library }, null)
    for (const record of delta.changed.slice(waiting.kept)) {
      if (performance.now() >= until) return null
      waiting.kept += 1
      const saved = saveImage(tx, host, record)
      if (!saved) continue
      const { id, name } = saved.row
      log.changed(tx, `image:${id}`)
      seen.push({ kind: saved.isNew ? 'appeared' : 'changed', host, id, name })
    }
    for (const name of delta.removed) remove(tx, { host, library, name }, seen)
    if (delta.changed.length > 0) linked.push(...linkTargetImages(tx, host, library))
    if (delta.kind === 'scan-finished') setScan(tx, { host, name: library }, timestamp())
    return { inStep: delta.state === null || isInStep(tx, host, { library, ...delta.state }) }
  }

  function remove(tx: Queries, place: ImagePlace, seen: ImageChange[]): void {
    const id = removeImage(tx, place)
    if (id === null) return
    log.append(tx, { kind: 'image-removed', id, host: place.host })
    seen.push({ kind: 'vanished', host: place.host, id, name: place.name })
  }

  return {
    take(from, delta) {
      return new Promise((resolve, reject) => {
        queue.push({ from, delta, kept: 0, resolve, reject })
        drainSoon()
      })
    },

    compare(from, { library, after, until, entries }) {
      const host = from.name
      if (!hasLibrary(db, host, library)) throw unknownLibrary(host)
      const known = checksumsBetween(db, { host, library }, { after, until })
      const there = new Set(entries.map(({ name }) => name))
      const extra = [...known.keys()].filter((name) => !there.has(name))
      const gone = extra.slice(0, mostRemoved)
      if (gone.length > 0) {
        const taken: Taken = { linked: [], seen: [] }
        write(db, (tx) => gone.forEach((name) => remove(tx, { host, library, name }, taken.seen)))
        tell(taken, new Set([host]))
      }
      return {
        isMore: gone.length < extra.length,
        wanted: entries.flatMap(({ name, checksum }) => (known.get(name) === checksum ? [] : name)),
      }
    },

    differing(host, states) {
      return states.filter((state) => !isInStep(db, host, state)).map(({ library }) => library)
    },

    stop() {
      if (turn) clearImmediate(turn)
      if (pause) clearTimeout(pause)
      queue.length = 0
    },
  }
}

function isInStep(db: Queries, host: string, { library, count, digest }: InventoryState): boolean {
  const here = inventoryState(db, host, library)
  return here?.count === count && here.digest === digest
}

function refuseDelta(db: Queries, { from: { name: host }, delta }: Waiting): TRPCError | null {
  const isKnown = hasLibrary(db, host, delta.library)
  return isKnown && delta.changed.every(({ library }) => library === delta.library)
    ? null
    : unknownLibrary(host)
}

function unknownLibrary(host: string): TRPCError {
  return new TRPCError({
    code: 'BAD_REQUEST',
    message: `The delta names a library that ${host} did not tell in its hello.`,
  })
}
