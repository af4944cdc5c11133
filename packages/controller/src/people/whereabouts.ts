import type { ActOn } from '@varve/protocol/people'
import type { Db } from '../store/database.ts'
import { libraryFactsOfHost } from '../store/hosts-store.ts'
import { imageIdByPath, imageRow, parentPaths } from '../store/images-store.ts'
import { findMigration } from '../store/migrations-store.ts'
import { entriesOfRun } from '../store/runs-store.ts'
import type { Whereabouts } from './authorization.ts'

/**
 * In which library of its host a path lies; in none: the host alone, which no right for libraries covers. Where `..` leads is
 * not known here: the folder before it may be a link.
 */
function placeOf(db: Db, { host, path }: { readonly host: string; readonly path: string }): ActOn {
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
export function placesOf(
  db: Db,
  host: string,
  subjects: readonly { readonly host: string; readonly path: string }[],
  request: unknown,
): ActOn[] {
  const named = namedIn(request).map((path) => ({ host, path }))
  const about = [...subjects, ...named]
  const below = about.flatMap((one) => {
    const id = imageIdByPath(db, one.host, one.path)
    return id === null ? [] : parentPaths(db, id).map((path) => ({ host: one.host, path }))
  })
  const subjectPaths = new Set(subjects.map(({ path }) => path))
  const isUnknown = ({ host: on, path }: { readonly host: string; readonly path: string }) =>
    !subjectPaths.has(path) && !isVolume.test(path) && imageIdByPath(db, on, path) === null
  return [
    ...subjects.map((one) => placeOf(db, one)),
    ...named.map((one) => (isUnknown(one) ? { host: one.host } : placeOf(db, one))),
    ...below.map((one) => placeOf(db, one)),
  ]
}

/** A path from the root of a system, Linux's or Windows', or a volume. */
const wholePath = /^(?:[/\\]|[A-Za-z]:[/\\]|(?:lvm|zfs):)/u

const isVolume = /^(?:lvm|zfs):/u

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
      const named = namedIn(created.request)
      const sources = hosts.flatMap((host) => named.map((path) => ({ host, path })))
      return { operation, places: [...subjects, ...sources].map((one) => placeOf(db, one)) }
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
