import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import { dirname, join } from 'node:path'
import type { VhdMount, VhdNote } from '@varve/agent/platform/windows-host'
import { writeError } from '@varve/engine/system/system-error'
import { VhdBy } from '@varve/operations/actions/attached-vhd'
import { StagingId } from '@varve/operations/actions/new-image'
import { Bytes, Path, Timestamp } from '@varve/protocol/primitives'
import { z } from 'zod'
import { isSamePath, pathKey } from './windows-path.ts'

const Note = z.object({
  attachment: StagingId,
  image: Path,
  by: VhdBy,
  isReadOnly: z.boolean(),
  madeAt: Timestamp,
  /** Milliseconds since 1970 at which the machine was started: what was attached before is gone. */
  bootedAt: z.number(),
  /** Milliseconds since it was started. */
  upFor: z.number().min(0).default(0),
  /** It was begun, and how it ended is not known: its disk may come later. */
  isPending: z.boolean().default(false),
  isForMount: z.boolean().default(false),
  mounts: z
    .array(
      z.object({
        folder: Path,
        start: Bytes,
        isFolderOurs: z.boolean(),
        wasOffline: z.boolean(),
      }),
    )
    .default([]),
})
type Note = z.infer<typeof Note>

/** The clock may be set meanwhile. */
const sameBootMs = 5 * 60_000
const upFor = () => uptime() * 1000
const bootedAt = () => Date.now() - upFor()
/** Bytes of a note, at most. */
const mostBytes = 64 * 1024

type Attaching = Pick<VhdNote, 'attachment' | 'image' | 'by' | 'isReadOnly'> &
  Partial<Pick<VhdNote, 'isForMount'>>

/** Notes that this is what Varve attaches, before it does; whether it was not noted already, by who attaches it at the same time. */
export async function beginNote(folder: string, attaching: Attaching): Promise<boolean> {
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
}

/** Notes that Varve has attached it. */
export async function writeNote(folder: string, attached: Attaching): Promise<void> {
  await putFile(folder, nameOf(attached.image), textOf(attached, false))
}

function textOf(
  { attachment, image, by, isReadOnly, isForMount = false }: Attaching,
  isPending: boolean,
): string {
  const madeAt = new Date().toISOString()
  const note: Note = {
    attachment,
    image,
    by,
    isReadOnly,
    isPending,
    isForMount,
    mounts: [],
    madeAt,
    bootedAt: bootedAt(),
    upFor: upFor(),
  }
  return JSON.stringify(note)
}

/** Notes other mounts of that attachment of the image; null: it is noted no more. */
export async function changeMounts(
  folder: string,
  { image, attachment }: Pick<VhdNote, 'image' | 'attachment'>,
  change: (mounts: readonly VhdMount[]) => readonly VhdMount[],
): Promise<readonly VhdMount[] | null> {
  const name = nameOf(image)
  const note = parsed(await shortText(join(folder, name)))
  if (note === null || note.attachment !== attachment || !isOfThisBoot(note)) return null
  const mounts = [...change(note.mounts)]
  await putFile(folder, name, JSON.stringify({ ...note, mounts }))
  return mounts
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

/** Forgets that attachment of the image; null: any. */
export async function removeNote(
  folder: string,
  { image, attachment }: { readonly image: string; readonly attachment: string | null },
): Promise<void> {
  const path = join(folder, nameOf(image))
  const note = parsed(await shortText(path))
  if (note !== null && attachment !== null && note.attachment !== attachment) return
  await rm(path, { force: true }).catch((error: unknown) => {
    throw writeError(error, path)
  })
}

/** What Varve has attached since the machine was started; what is no note, or one of another image than its name says, is passed over. */
export async function readNotes(folder: string): Promise<readonly VhdNote[]> {
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
}

export function noteOf(notes: readonly VhdNote[], image: string): VhdNote | null {
  return notes.find((note) => isSamePath(note.image, image)) ?? null
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
function isOfThisBoot(note: Note): boolean {
  return note.upFor <= upFor() + 1000 && Math.abs(note.bootedAt - bootedAt()) < sameBootMs
}

function parsed(text: string): Note | null {
  try {
    return Note.parse(JSON.parse(text))
  } catch {
    return null
  }
}

function nameOf(image: string): string {
  return `${createHash('sha256').update(pathKey(image)).digest('hex').slice(0, 32)}.json`
}
