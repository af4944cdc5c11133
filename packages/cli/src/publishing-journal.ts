import { writeError } from '@varve/engine/files/system-error'
import { syncPath } from '@varve/engine/files/sync-file'
import { lstat, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** Names that an image of several files is about to get, with the file that each belongs to; the image itself is the last. */
export interface Journal {
  readonly names: readonly { readonly name: string; readonly file: string }[]
}

const journalName = 'publishing.json'
const largest = 1024 * 1024

/** Remembers in the hidden folder which names are about to be given, so that a kill between two of them can be undone. */
export async function writeJournal(
  folder: string,
  files: readonly { readonly partPath: string; readonly finalPath: string }[],
): Promise<void> {
  const path = join(folder, journalName)
  const names = []
  for (const { partPath, finalPath } of files) {
    const { dev, ino } = await lstat(partPath, { bigint: true })
    names.push({ name: basename(finalPath), file: `${dev}:${ino}` })
  }
  try {
    await writeFile(path, JSON.stringify({ names } satisfies Journal), { flag: 'wx' })
    await syncPath(path)
  } catch (error) {
    throw writeError(error, path)
  }
}

/** The journal in a hidden folder; null: nothing was to be published, or it cannot be read. */
export async function readJournal(folder: string): Promise<Journal | null> {
  try {
    const text = await readFile(join(folder, journalName), 'utf8')
    if (text.length > largest) return null
    const value: unknown = JSON.parse(text)
    return isJournal(value) ? value : null
  } catch {
    return null
  }
}

function isJournal(value: unknown): value is Journal {
  if (typeof value !== 'object' || value === null || !('names' in value) || !Array.isArray(value.names))
    return false
  return value.names.every(
    (entry: unknown) =>
      typeof entry === 'object' &&
      entry !== null &&
      'name' in entry &&
      typeof entry.name === 'string' &&
      entry.name === basename(entry.name) &&
      'file' in entry &&
      typeof entry.file === 'string',
  )
}
