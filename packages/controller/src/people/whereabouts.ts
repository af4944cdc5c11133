import { isVolumeAddress } from '@varve/core/image/volume-address'
import type { ActOn } from '@varve/protocol/people'
import type { Db } from '../store/database.ts'
import { libraryFactsOfHost } from '../store/hosts-store.ts'
import { imageIdByPath, imageRow, parentPaths } from '../store/images-store.ts'
import { findMigration } from '../store/migrations-store.ts'
import { entriesOfRun } from '../store/runs-store.ts'
import type { Whereabouts } from './authorization.ts'

interface HostPath {
  readonly host: string
  readonly path: string
}

/**
 * In which library of its host a path lies; in none: the host alone, which no right for libraries covers. Where `..` leads is
 * not known here: the folder before it may be a link.
 */
function placeOf(db: Db, { host, path }: HostPath): ActOn {
  if (path.split(/[/\\]/u).includes('..')) return { host }
  const holding = libraryFactsOfHost(db, host).filter((library) => isBelow(path, library.path))
  const [deepest] = holding.sort((one, other) => other.path.length - one.path.length)
  return { host, ...(deepest && { library: deepest.name }) }
}

/**
 * Where all lies that a plan is about, and all that its request names by a whole path or as a volume, with the images that those
 * stand on, as the inventory knows them. What the request names and the inventory does not know yet has no library: it may stand
 * on images of any.
 */
export function placesOf(db: Db, host: string, subjects: readonly HostPath[], request: unknown): ActOn[] {
  const named = namedIn(request).map((path) => ({ host, path }))
  const about = [...subjects, ...named].map((one) => ({ ...one, id: imageIdByPath(db, one.host, one.path) }))
  const isSubject = ({ host: on, path }: HostPath) =>
    subjects.some((subject) => subject.host === on && subject.path === path)
  const own = about.map((one) => {
    const isKnown = one.id !== null || isSubject(one) || isVolumeAddress(one.path)
    return isKnown ? placeOf(db, one) : { host: one.host }
  })
  const below = about.flatMap((one) =>
    one.id === null ? [] : parentPaths(db, one.id).map((path) => placeOf(db, { host: one.host, path })),
  )
  return [...own, ...below]
}

/** A path from the root of a system, Linux's or Windows', or a volume. */
const wholePath = /^(?:[/\\]|[A-Za-z]:[/\\]|(?:lvm|zfs):)/u

function namedIn(value: unknown): string[] {
  if (typeof value === 'string') return wholePath.test(value) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(namedIn)
}

function isBelow(path: string, folder: string): boolean {
  const plain = folder.replace(/[/\\]+$/u, '')
  return path === plain || (path.startsWith(plain) && /[/\\]/u.test(path.charAt(plain.length)))
}

/** What the inventory and the journals know of what calls name. */
export function createWhereabouts(db: Db): Whereabouts {
  return {
    image(id) {
      const row = imageRow(db, id)
      return row && { host: row.host, library: row.library }
    },
    parents(id) {
      const row = imageRow(db, id)
      return row ? parentPaths(db, id).map((path) => placeOf(db, { host: row.host, path })) : []
    },
    run(id) {
      const created = entriesOfRun(db, id)[0]
      if (created?.event !== 'created') return null
      const { operation, subjects } = created.plan
      return { operation, places: subjects.map((subject) => placeOf(db, subject)) }
    },
    resumedRun(id) {
      const created = entriesOfRun(db, id)[0]
      if (created?.event !== 'created') return null
      const { operation, subjects, steps } = created.plan
      const hosts = [...new Set(steps.map(({ host }) => host))]
      return { operation, places: hosts.flatMap((host) => placesOf(db, host, subjects, created.request)) }
    },
    migration(id) {
      const row = findMigration(db, id)
      if (!row) return null
      const { source, target } = row
      return {
        operation: 'migrate',
        places: [source, target].map(({ host, library }) => ({ host, library })),
      }
    },
  }
}
