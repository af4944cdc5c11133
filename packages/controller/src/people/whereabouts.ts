import type { ActOn } from '@varve/protocol/people'
import type { Db } from '../store/database.ts'
import { libraryFactsOfHost } from '../store/hosts-store.ts'
import { imageRow } from '../store/images-store.ts'
import { findMigration } from '../store/migrations-store.ts'
import { entriesOfRun } from '../store/runs-store.ts'
import type { Whereabouts } from './authorization.ts'

/** In which library of its host a path lies; in none: the host alone, which no right for libraries covers. */
export function placeOf(db: Db, { host, path }: { readonly host: string; readonly path: string }): ActOn {
  const holding = libraryFactsOfHost(db, host).filter((library) => isBelow(path, library.path))
  const [deepest] = holding.sort((one, other) => other.path.length - one.path.length)
  return { host, ...(deepest && { library: deepest.name }) }
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
    run(id) {
      const created = entriesOfRun(db, id)[0]
      if (created?.event !== 'created') return null
      const { operation, subjects } = created.plan
      return { operation, places: subjects.map((subject) => placeOf(db, subject)) }
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
