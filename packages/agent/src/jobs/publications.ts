import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode, writeError } from '@varve/engine/system/system-error'
import { z } from 'zod'
import { makeFolder } from '@varve/engine/system/make-folder'

const Publication = z.object({
  pullId: z.string(),
  path: z.string(),
  /** The number of the image on its filesystem, which the rename keeps. */
  file: z.string(),
})
export type Publication = z.infer<typeof Publication>

/** What this agent is about to publish or has published: tells its own file from another of the same name. */
export interface Publications {
  /** Remembers before the rename. */
  add(publication: Publication): Promise<void>
  find(pullId: string): Publication | null
}

/** Remembers in memory, and in `publications.jsonl` of the data folder when there is one, so that a restart keeps it. */
export async function openPublications(folder: string | null): Promise<Publications> {
  const known = new Map<string, Publication>()
  const path = folder === null ? null : join(folder, 'publications.jsonl')
  if (folder !== null) await makeFolder(folder)
  if (path !== null) for (const publication of await load(path)) known.set(publication.pullId, publication)
  return {
    async add(publication) {
      if (path !== null) await append(path, publication)
      known.set(publication.pullId, publication)
    },
    find: (pullId) => known.get(pullId) ?? null,
  }
}

async function append(path: string, publication: Publication): Promise<void> {
  try {
    // The line break in front ends a line that a crash cut off.
    await appendFile(path, `\n${JSON.stringify(publication)}\n`, { flush: true })
  } catch (error) {
    throw writeError(error, path)
  }
}

async function load(path: string): Promise<Publication[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').flatMap((line) => {
    const parsed = Publication.safeParse(parseLine(line))
    return parsed.success ? [parsed.data] : []
  })
}

/** A line that was cut off by a crash was followed by no rename. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
