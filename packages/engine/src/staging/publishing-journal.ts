import { lstat, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { syncPath } from '../files/sync-file.ts'
import { writeError } from '../system/system-error.ts'

/** Names that an image of several files is about to get, with the inode of the file that each belongs to; the image itself is the last. */
export interface Journal {
  readonly names: readonly { readonly name: string; readonly inode: string }[]
}

/** Its name in the hidden folder. */
export const journalName = 'publishing.json'
const largest = 1024 * 1024

/** Remembers in the hidden folder which names are about to be given to its files, so that a kill between two of them can be undone. */
export async function writeJournal(folder: string, files: readonly string[]): Promise<Journal> {
  const path = join(folder, journalName)
  try {
    const names = await Promise.all(
      files.map(async (name) => {
        const { ino } = await lstat(join(folder, name), { bigint: true })
        return { name, inode: String(ino) }
      }),
    )
    const journal: Journal = { names }
    // It is there whole or not at all.
    await writeFile(`${path}.new`, JSON.stringify(journal))
    await syncPath(`${path}.new`)
    await rename(`${path}.new`, path)
    return journal
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
    return journalOf(value)
  } catch {
    return null
  }
}

function journalOf(value: unknown): Journal | null {
  if (typeof value !== 'object' || value === null || !('names' in value) || !Array.isArray(value.names))
    return null
  const names = value.names.map(nameOf)
  return names.some((name) => name === null) ? null : { names: names.filter((name) => name !== null) }
}

function nameOf(entry: unknown): Journal['names'][number] | null {
  if (typeof entry !== 'object' || entry === null || !('name' in entry)) return null
  const { name } = entry
  if (typeof name !== 'string' || name !== basename(name)) return null
  if ('inode' in entry && typeof entry.inode === 'string') return { name, inode: entry.inode }
  // Of a version that wrote the device before it.
  if (!('file' in entry) || typeof entry.file !== 'string') return null
  return { name, inode: entry.file.slice(entry.file.indexOf(':') + 1) }
}
