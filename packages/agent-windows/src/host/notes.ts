import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import { join } from 'node:path'
import type { VhdNote } from '@varve/agent/platform/windows-host'
import { VhdBy } from '@varve/operations/actions/attached-vhd'
import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { isSamePath, plainPath } from './windows-path.ts'

const Note = z.object({
  image: Path,
  by: VhdBy,
  isReadOnly: z.boolean(),
  madeAt: z.string(),
  /** Milliseconds since 1970 at which the machine was started: what was attached before is gone. */
  bootedAt: z.number(),
})

/** The clock may be set meanwhile. */
const sameBootMs = 5 * 60_000
const bootedAt = () => Date.now() - uptime() * 1000

/** Notes that this is what Varve attaches, before it does. */
export async function writeNote(
  folder: string,
  { image, by, isReadOnly }: Pick<VhdNote, 'image' | 'by' | 'isReadOnly'>,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const note: z.infer<typeof Note> = {
    image,
    by,
    isReadOnly,
    madeAt: new Date().toISOString(),
    bootedAt: bootedAt(),
  }
  const path = join(folder, nameOf(image))
  await writeFile(`${path}.new`, JSON.stringify(note))
  await rename(`${path}.new`, path)
}

export async function removeNote(folder: string, image: string): Promise<void> {
  await rm(join(folder, nameOf(image)), { force: true })
}

/** What Varve has attached since the machine was started; what is no note is passed over. */
export async function readNotes(folder: string): Promise<readonly VhdNote[]> {
  const names = await readdir(folder).catch(() => [])
  const read = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => parsed(await readFile(join(folder, name), 'utf8').catch(() => ''))),
  )
  return read
    .filter((note) => note !== null)
    .filter((note) => Math.abs(note.bootedAt - bootedAt()) < sameBootMs)
}

export function noteOf(notes: readonly VhdNote[], image: string): VhdNote | null {
  return notes.find((note) => isSamePath(note.image, image)) ?? null
}

function parsed(text: string): z.infer<typeof Note> | null {
  try {
    return Note.parse(JSON.parse(text))
  } catch {
    return null
  }
}

function nameOf(image: string): string {
  return `${createHash('sha256').update(plainPath(image).toLowerCase()).digest('hex').slice(0, 32)}.json`
}
