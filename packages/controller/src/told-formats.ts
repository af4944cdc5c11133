import { DiskError } from '@varve/core/problems/disk-error'
import type { ChooseFormat, FormatChoice, ImageView } from '@varve/protocol/images'
import type { Sessions } from './agents/sessions.ts'
import type { EventLog } from './events/event-log.ts'
import { write, type Db } from './store/database.ts'
import { formatChoicesOf, saveFormatChoice } from './store/formats-store.ts'
import { hasLibrary, presenceOfHost } from './store/hosts-store.ts'
import { imageIdOf } from './store/image-id.ts'
import { hasImage } from './store/images-store.ts'

export interface ToldFormatsOptions {
  readonly db: Db
  readonly log: EventLog
  readonly sessions: Pick<Sessions, 'find' | 'send'>
}

/** The formats that people say of images and folders; agents get them with their welcome and when they change. */
export interface ToldFormats {
  /** Throws `not-found` for a library or an image that is not there. */
  choose(choice: ChooseFormat): void
  /** Throws `not-in-fleet` for a host that never joined. */
  of(host: string): FormatChoice[]
  /** What holds for one image: said of itself, or of the nearest folder. */
  forImage(row: ImageView['row']): ImageView['told']
}

export function createToldFormats({ db, log, sessions }: ToldFormatsOptions): ToldFormats {
  return {
    choose({ host, library, scope, format, ...choice }) {
      const name = scope === 'folder' ? choice.name.replace(/\/+$/u, '') : choice.name
      const file = `${host}:${name === '' ? library : name}`
      if (!hasLibrary(db, host, library))
        throw new DiskError('not-in-fleet', { file: `${host}:${library}`, kind: 'library' })
      const id = imageIdOf(host, library, name)
      // What was said of an image that is gone can still be taken back.
      if (scope === 'image' && format !== null && !hasImage(db, id))
        throw new DiskError('not-in-fleet', { file, kind: 'image' })
      write(db, (tx) => {
        saveFormatChoice(tx, { host, library, name, scope }, format)
        const what = scope === 'folder' ? `the images in ${file}/` : file
        const title =
          format === null ? `The format of ${what} is detected again` : `${what}: said to be ${format}`
        log.note(
          tx,
          scope === 'folder'
            ? { subject: 'host', subjectId: host, title }
            : { subject: 'image', subjectId: id, title },
        )
      })
      const agent = sessions.find(host)
      if (agent) sessions.send(agent, { kind: 'formats', formats: formatChoicesOf(db, host) })
    },
    of(host) {
      if (presenceOfHost(db, host) === null) throw new DiskError('not-in-fleet', { file: host, kind: 'host' })
      return formatChoicesOf(db, host)
    },
    forImage({ host, library, name }) {
      const here = formatChoicesOf(db, host).filter((choice) => choice.library === library)
      const own = here.find((choice) => choice.scope === 'image' && choice.name === name)
      const [folder] = here
        .filter(
          (choice) => choice.scope === 'folder' && (choice.name === '' || name.startsWith(`${choice.name}/`)),
        )
        .sort((a, b) => b.name.length - a.name.length)
      return own ?? folder ?? null
    },
  }
}
