import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import { dirname, join } from 'node:path'
import { writeError } from '@varve/engine/system/system-error'
import { StagingId } from '@varve/operations/actions/new-image'
import { Path, Timestamp } from '@varve/protocol/primitives'
import { z } from 'zod'

/** Where this host notes what it attaches to its own system; null: it keeps nothing. */
export function notesFolder({ stateFolder }: { readonly stateFolder?: string }): string | null {
  return stateFolder === undefined ? null : join(stateFolder, 'attached')
}

/** That Varve has attached an image to the system, as every system notes it. */
export interface AttachedNote {
  /** Of the attempt that attached it: another one takes nothing of it away. */
  readonly attachment: string
  readonly image: string
  readonly isReadOnly: boolean
  readonly madeAt: string
  /** It was begun, and how it ended is not known: its disk may come later. */
  readonly isPending: boolean
}

const Note = z.object({
  attachment: StagingId,
  image: Path,
  isReadOnly: z.boolean(),
  madeAt: Timestamp,
  /** Milliseconds since 1970 at which the machine was started: what was attached before is gone. */
  bootedAt: z.number(),
  /** Milliseconds since it was started. */
  upFor: z.number().min(0).default(0),
  /** It was begun, and how it ended is not known: its disk may come later. */
  isPending: z.boolean().default(false),
})

/** The clock may be set meanwhile. */
const sameBootMs = 5 * 60_000
const upFor = () => uptime() * 1000
const bootedAt = () => Date.now() - upFor()
/** Bytes of a note, at most. */
const mostBytes = 64 * 1024

type Attaching<Own> = Pick<AttachedNote, 'attachment' | 'image' | 'isReadOnly'> & Own
type Noted<Own> = AttachedNote & Own

/** The notes of what one system has attached; `own`: what it notes besides. */
export interface AttachedNotes<Own> {
  /** Notes that this is what Varve attaches, before it does; whether it was not noted already, by who attaches it at the same time. */
  readonly begin: (folder: string, attaching: Attaching<Own>) => Promise<boolean>
  /** Notes that Varve has attached it. */
  readonly write: (folder: string, attached: Attaching<Own>) => Promise<void>
  /** Notes something else of that attachment of the image; null: it is noted no more. */
  readonly change: (
    folder: string,
    named: Pick<AttachedNote, 'image' | 'attachment'>,
    change: (noted: Noted<Own>) => Partial<Own>,
  ) => Promise<Noted<Own> | null>
  /** Forgets that attachment of the image; null: any. */
  readonly remove: (
    folder: string,
    named: { readonly image: string; readonly attachment: string | null },
  ) => Promise<void>
  /** What Varve has attached since the machine was started; what is no note, or one of another image than its name says, is passed over. */
  readonly read: (folder: string) => Promise<readonly Noted<Own>[]>
}

/** Names of images that mean the same file have one key. */
export function attachedNotes<Own extends object>(
  own: z.ZodType<Own>,
  keyOf: (image: string) => string,
): AttachedNotes<Own> {
  const nameOf = (image: string) => `${hashOf(keyOf(image))}.json`

  function parsed(text: string): (z.infer<typeof Note> & Own) | null {
    try {
      const json: unknown = JSON.parse(text)
      return { ...own.parse(json), ...Note.parse(json) }
    } catch {
      return null
    }
  }

  function textOf(attaching: Attaching<Own>, isPending: boolean): string {
    const madeAt = new Date().toISOString()
    return JSON.stringify({ ...attaching, isPending, madeAt, bootedAt: bootedAt(), upFor: upFor() })
  }

  return {
    async begin(folder, attaching) {
      const path = join(folder, nameOf(attaching.image))
      return await withPart(path, textOf(attaching, true), async (part) => {
        // A link takes nobody's place.
        const isTaken = await link(part, path).then(
          () => false,
          () => true,
        )
        const before = isTaken ? parsed(await shortText(path)) : null
        if (before !== null && isOfThisBoot(before)) return before.attachment === attaching.attachment
        if (isTaken) await rename(part, path)
        return true
      })
    },

    async write(folder, attached) {
      await putFile(folder, nameOf(attached.image), textOf(attached, false))
    },

    async change(folder, { image, attachment }, change) {
      const name = nameOf(image)
      const note = parsed(await shortText(join(folder, name)))
      if (note === null || note.attachment !== attachment || !isOfThisBoot(note)) return null
      const changed = { ...note, ...change(note) }
      await putFile(folder, name, JSON.stringify(changed))
      return changed
    },

    async remove(folder, { image, attachment }) {
      const path = join(folder, nameOf(image))
      const note = parsed(await shortText(path))
      if (note !== null && attachment !== null && note.attachment !== attachment) return
      await rm(path, { force: true }).catch((error: unknown) => {
        throw writeError(error, path)
      })
    },

    async read(folder) {
      const names = await readdir(folder).catch(() => [])
      const read = await Promise.all(
        names
          .filter((name) => name.endsWith('.json'))
          .map(async (name) => {
            const note = parsed(await shortText(join(folder, name)))
            return note !== null && nameOf(note.image) === name ? note : null
          }),
      )
      return read.filter((note) => note !== null).filter(isOfThisBoot)
    },
  }
}

/** A short name for a key. */
export function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32)
}

/** Writes a file whole or not at all, whoever else does. */
export async function putFile(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name)
  await withPart(path, text, async (part) => rename(part, path))
}

/** Does `work` with the text in a file beside the one that it is for; what is left of that goes away. */
async function withPart<T>(path: string, text: string, work: (part: string) => Promise<T>): Promise<T> {
  const part = `${path}.${randomUUID()}.new`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(part, text)
    return await work(part)
  } catch (error) {
    throw writeError(error, path)
  } finally {
    await rm(part, { force: true }).catch(() => {})
  }
}

/** The text of a small file; empty: there is none. */
export async function shortText(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0)
    return bytesRead === mostBytes ? '' : buffer.toString('utf8', 0, bytesRead)
  } catch {
    return ''
  }
}

/** A machine that is up for less than when it was noted was started since, whatever its clock says. */
function isOfThisBoot(note: z.infer<typeof Note>): boolean {
  return note.upFor <= upFor() + 1000 && Math.abs(note.bootedAt - bootedAt()) < sameBootMs
}
