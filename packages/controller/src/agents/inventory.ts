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
import { imageIdOf } from '../store/image-id.ts'
import { hasImage, removeImage } from '../store/images-store.ts'
import { checksumsBetween, inventoryState } from '../store/inventory-digests.ts'
import { linkTargetImages, type ImagePlace } from '../store/migrations-store.ts'
import { saveImage } from '../store/save-images.ts'
import type { ImageActivity } from './image-activity.ts'

export interface InventoryOptions {
  readonly db: Db
  readonly log: EventLog
  /** Called after images changed, with the migrations whose target has shown up. */
  readonly onImages: (linkedMigrations: readonly string[]) => void
  readonly onLibrary: (host: string) => void
  readonly activity: ImageActivity
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
  readonly resolve: (answer: InventoryAnswer) => void
  readonly reject: (error: unknown) => void
}

/** A write takes so long and no longer when much is waiting; others get their turn between two writes. */
const writeMs = 12
/** Images that one comparison removes. */
const mostRemoved = 200

export function createInventory({ db, log, onImages, onLibrary, activity }: InventoryOptions): Inventory {
  const queue: Waiting[] = []
  let turn: NodeJS.Immediate | null = null

  function drain(): void {
    turn = null
    const settled: (() => void)[] = []
    const hosts = new Set<string>()
    const linked: string[] = []
    const until = performance.now() + writeMs
    try {
      write(db, (tx) => {
        do {
          const next = queue.shift()
          if (!next) break
          try {
            const answer = write(tx, () => takeDelta(tx, next, linked))
            settled.push(() => next.resolve(answer))
            hosts.add(next.from.name)
          } catch (error) {
            settled.push(() => next.reject(error))
          }
        } while (performance.now() < until)
      })
      onImages(linked)
      for (const host of hosts) onLibrary(host)
    } finally {
      for (const settle of settled) settle()
      if (queue.length > 0) turn = setImmediate(drain)
    }
  }

  function takeDelta(tx: Queries, { from, delta }: Waiting, linked: string[]): InventoryAnswer {
    const host = from.name
    const { library } = delta
    expectKnownLibrary(tx, host, delta)
    if (delta.kind === 'scan-started') setScan(tx, { host, name: library }, null)
    for (const record of delta.changed) {
      const isKnown = hasImage(tx, imageIdOf(host, library, record.name))
      const image = saveImage(tx, host, record)
      if (!image) continue
      log.changed(tx, `image:${image.id}`)
      activity.add({ kind: isKnown ? 'changed' : 'appeared', host, id: image.id, name: image.name })
    }
    for (const name of delta.removed) remove(tx, { host, library, name })
    if (delta.changed.length > 0) linked.push(...linkTargetImages(tx, host, library))
    if (delta.kind === 'scan-finished') setScan(tx, { host, name: library }, timestamp())
    return { inStep: delta.state === null || isInStep(tx, host, { library, ...delta.state }) }
  }

  function remove(tx: Queries, place: ImagePlace): void {
    const id = removeImage(tx, place)
    if (id === null) return
    log.append(tx, { kind: 'image-removed', id, host: place.host })
    activity.add({ kind: 'vanished', host: place.host, id, name: place.name })
  }

  return {
    take(from, delta) {
      return new Promise((resolve, reject) => {
        queue.push({ from, delta, resolve, reject })
        turn ??= setImmediate(drain)
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
        write(db, (tx) => gone.forEach((name) => remove(tx, { host, library, name })))
        onImages([])
        onLibrary(host)
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
      queue.length = 0
    },
  }
}

function isInStep(db: Queries, host: string, { library, count, digest }: InventoryState): boolean {
  const here = inventoryState(db, host, library)
  return here?.count === count && here.digest === digest
}

function expectKnownLibrary(db: Queries, host: string, delta: InventoryDelta): void {
  const isKnown = hasLibrary(db, host, delta.library)
  if (!isKnown || delta.changed.some(({ library }) => library !== delta.library)) throw unknownLibrary(host)
}

function unknownLibrary(host: string): TRPCError {
  return new TRPCError({
    code: 'BAD_REQUEST',
    message: `The delta names a library that ${host} did not tell in its hello.`,
  })
}
