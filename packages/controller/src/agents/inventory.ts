import { TRPCError } from '@trpc/server'
import type { InventoryDelta } from '@varve/protocol/agent'
import type { ImageRow } from '@varve/protocol/images'
import { timestamp } from '../clock.ts'
import type { EventLog } from '../events/event-log.ts'
import { write, type Db, type Queries } from '../store/database.ts'
import { hasLibrary, setScan, type HostSession } from '../store/hosts-store.ts'
import { imageNames, removeImage, saveImage } from '../store/images-store.ts'
import { linkTargetImage, type ImagePlace } from '../store/migrations-store.ts'

export interface InventoryOptions {
  readonly db: Db
  readonly log: EventLog
  /** Called after images changed, with the migrations whose target has shown up. */
  readonly onImages: (linkedMigrations: readonly string[]) => void
  readonly onLibrary: (host: string) => void
}

/** Takes what an agent found out about one of its libraries. */
export type Inventory = (from: HostSession, delta: InventoryDelta) => void

export function createInventory({ db, log, onImages, onLibrary }: InventoryOptions): Inventory {
  return (from, delta) => {
    const host = from.name
    expectKnownLibrary(db, host, delta)
    const linked = write(db, (tx) => {
      const changed = delta.changed.flatMap((record) => saveImage(tx, host, record) ?? [])
      for (const image of changed) log.append(tx, { kind: 'image-changed', image })
      const gone = [...delta.removed, ...notSeen(tx, host, delta)]
      for (const name of gone) remove(tx, log, { host, library: delta.library, name })
      noteScan(tx, host, delta)
      return changed.flatMap((image) => linkTargetImage(tx, placeOf(image)))
    })
    onImages(linked)
    onLibrary(host)
  }
}

function placeOf({ host, library, name }: ImageRow): ImagePlace {
  return { host, library, name }
}

function remove(tx: Queries, log: EventLog, place: ImagePlace): void {
  const id = removeImage(tx, place)
  if (id !== null) log.append(tx, { kind: 'image-removed', id, host: place.host })
}

/** At the end of a scan: names in the inventory that were not seen. */
function notSeen(tx: Queries, host: string, { kind, library, present }: InventoryDelta): string[] {
  if (kind !== 'scan-finished' || present === null) return []
  const seen = new Set(present)
  return imageNames(tx, host, library).filter((name) => !seen.has(name))
}

function noteScan(tx: Queries, host: string, { kind, library }: InventoryDelta): void {
  if (kind === 'scan-started') setScan(tx, { host, name: library }, null)
  if (kind === 'scan-finished') setScan(tx, { host, name: library }, timestamp())
}

function expectKnownLibrary(db: Db, host: string, delta: InventoryDelta): void {
  const isKnown = hasLibrary(db, host, delta.library)
  if (isKnown && delta.changed.every(({ library }) => library === delta.library)) return
  throw new TRPCError({
    code: 'BAD_REQUEST',
    message: `The delta names a library that ${host} did not tell in its hello.`,
  })
}
