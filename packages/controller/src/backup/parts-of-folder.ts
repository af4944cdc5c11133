import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isPartName, type BackupPart } from './backup-facts.ts'

/** What lies in a data folder, by how it is copied; names as in the backup. */
export interface FolderContent {
  readonly databases: readonly string[]
  /** Files beside them: keys, heads. */
  readonly files: readonly string[]
  /** Folders of files that never change once they are there. */
  readonly folders: readonly string[]
  /** What no backup has, and why somebody should know. */
  readonly leftOut: readonly string[]
}

/** Held, made and removed by what runs: of no use to another process. */
const passing = /^lock\.sqlite|-(?:wal|shm|journal)$|\.(?:new|part|sock)$|^\./u

/** What hosts install, which whoever made it can put there again: more than all the rest. */
const releasesName = 'releases'

/** Looks at a data folder; links to files and folders are followed, as the controller follows them. */
export async function contentOf(folder: string): Promise<FolderContent> {
  const databases: string[] = []
  const files: string[] = []
  const folders: string[] = []
  const leftOut: string[] = []
  for (const name of (await readdir(folder)).sort()) {
    if (passing.test(name)) continue
    const found = await stat(join(folder, name))
    if (name === releasesName || !isPartName(name) || (!found.isFile() && !found.isDirectory()))
      leftOut.push(name)
    else if (found.isDirectory()) folders.push(name)
    else (name.endsWith('.sqlite') ? databases : files).push(name)
  }
  return { databases, files, folders, leftOut }
}

/** The files of such a folder that are whole. */
export async function filesIn(
  folder: string,
  name: string,
): Promise<{ readonly names: readonly string[]; readonly leftOut: readonly string[] }> {
  const entries = await readdir(join(folder, name), { withFileTypes: true })
  const there = entries
    .filter((entry) => !passing.test(entry.name))
    .map((entry) => ({ path: `${name}/${entry.name}`, isFile: entry.isFile() }))
  const isTaken = (one: (typeof there)[number]) => one.isFile && isPartName(one.path)
  const paths = (some: typeof there) => some.map(({ path }) => path).sort()
  return { names: paths(there.filter(isTaken)), leftOut: paths(there.filter((one) => !isTaken(one))) }
}

/** Its size and digest. */
export async function measurePart(name: string, path: string, signal: AbortSignal): Promise<BackupPart> {
  const hash = createHash('sha256')
  let size = 0
  await pipeline(
    createReadStream(path, { highWaterMark: 256 * 1024 }),
    async (bytes: AsyncIterable<Uint8Array>) => {
      for await (const chunk of bytes) {
        hash.update(chunk)
        size += chunk.length
      }
    },
    { signal },
  )
  return { name, size, sha256: hash.digest('hex') }
}
