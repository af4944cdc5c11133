import { createHash, type Hash } from 'node:crypto'
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type BigIntStats,
} from 'node:fs'
import { flagsOf } from './file-flags.ts'
import { withNearPath } from './near-path.ts'
import { readAttributes } from './read-attributes.ts'

interface Walking {
  /** The contents of every file, not of a sample. */
  readonly allContents: boolean
  /** The times of folders and the flags of files too, which who works on a filesystem may change. */
  readonly isWhole?: boolean
  /** Called often, so that somebody sees that it goes on. */
  readonly onEntry: () => void
}

export interface Walked {
  readonly digest: string
  readonly files: number
  readonly readBytes: number
}

/** So many files are read whatever they are called. */
const alwaysRead = 256
/** Of the others every sixteenth, and of each no more than this. */
const sampleShare = 16
const sampleBytes = 16 * 1024 ** 2
const chunk = Buffer.alloc(1024 ** 2)

/**
 * One digest over all that is below `root`, in the order of the bytes of names: kinds, rights, owners, sizes, times of what is no folder,
 * targets of links, which names are one file, extended attributes, contents. Links are never followed.
 */
export function walkFiles(root: string, walking: Walking): Walked {
  const hash = createHash('sha256')
  const firstNames = new Map<bigint, string>()
  const counted = { files: 0, readBytes: 0 }

  function visit(path: Buffer, inside: Buffer): void {
    walking.onEntry()
    const stats = lstatSync(path, { bigint: true })
    const kind = kindOf(stats)
    const { mode, uid, gid, rdev } = stats
    const folder = walking.isWhole === true ? [stats.mtimeNs] : []
    const place = stats.isDirectory() ? folder : [stats.size, stats.mtimeNs, linkOf(stats, inside)]
    addText(hash, [inside, kind, mode, uid, gid, rdev, ...place])
    for (const [name, value] of readAttributes(path)) addText(hash, [name, value])
    if (walking.isWhole === true && (stats.isFile() || stats.isDirectory()))
      addText(hash, [JSON.stringify(flagsOf(path))])
    if (stats.isSymbolicLink()) addText(hash, [readlinkSync(path, { encoding: 'buffer' })])
    if (stats.isFile()) readFile(path, inside, stats)
    if (!stats.isDirectory()) return
    withNearPath(path, (near) => {
      const names = readdirSync(near, { encoding: 'buffer' }).sort((one, other) => one.compare(other))
      addText(hash, [String(names.length)])
      for (const name of names) visit(join(near, name), join(inside, name))
    })
  }

  /** The first name of a file that has several. */
  function linkOf(stats: BigIntStats, inside: Buffer): string {
    if (stats.nlink < 2n) return ''
    const key = (stats.dev << 64n) | stats.ino
    const first = firstNames.get(key)
    if (first !== undefined) return first
    firstNames.set(key, inside.toString('latin1'))
    return inside.toString('latin1')
  }

  function readFile(path: Buffer, inside: Buffer, { size }: BigIntStats): void {
    counted.files += 1
    const isChosen = counted.files <= alwaysRead || chosenBy(inside, size)
    if (!walking.allContents && !isChosen) return
    const most = walking.allContents ? Number.MAX_SAFE_INTEGER : sampleBytes
    counted.readBytes += addContents(hash, path, most, walking.onEntry)
  }

  visit(Buffer.from(root), Buffer.alloc(0))
  return { digest: hash.digest('hex'), ...counted }
}

function kindOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'folder'
  return stats.isSymbolicLink() ? 'link' : 'special'
}

function chosenBy(inside: Buffer, size: bigint): boolean {
  const [first = 0] = createHash('sha256').update(inside).update(String(size)).digest()
  return first % sampleShare === 0
}

function addContents(hash: Hash, path: Buffer, most: number, onRead: () => void): number {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    let read = 0
    while (read < most) {
      const bytes = readSync(file, chunk, 0, Math.min(chunk.length, most - read), null)
      if (bytes === 0) break
      hash.update(chunk.subarray(0, bytes))
      read += bytes
      onRead()
    }
    return read
  } finally {
    closeSync(file)
  }
}

/** Each value with its length before it, so that no two lists are the same bytes. */
function addText(hash: Hash, values: readonly (Buffer | string | bigint)[]): void {
  for (const value of values) {
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value), 'latin1')
    hash.update(`${bytes.length}:`).update(bytes)
  }
}

function join(folder: Buffer, name: Buffer): Buffer {
  return folder.length === 0 ? name : Buffer.concat([folder, Buffer.from('/'), name])
}
