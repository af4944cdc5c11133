import { createHash, type Hash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '@varve/engine/system/system-error'

interface Walking {
  /** The contents of every file, not of a sample. */
  readonly allContents: boolean
  readonly signal: AbortSignal
}

export interface WalkedVolume {
  readonly digest: string
  readonly files: number
  readonly readBytes: number
  /** What this account may not look into. */
  readonly denied: number
}

/** So many files are read whatever they are called. */
const alwaysRead = 256
/** Of the others every sixteenth, and of each no more than this. */
const sampleShare = 16
const sampleBytes = 16 * 1024 ** 2
const chunkBytes = 1024 ** 2

const denials: ReadonlySet<string> = new Set(['EACCES', 'EPERM'])

/** What Windows writes to by itself wherever a volume is mounted. */
const ownFolder = 'System Volume Information'

/**
 * One digest over all that is below `root`, in the order of names: kinds, sizes, times of what is no folder, targets of links,
 * contents. Links are never followed, and rights and other streams are not looked at.
 */
export async function walkVolume(root: string, { allContents, signal }: Walking): Promise<WalkedVolume> {
  const hash = createHash('sha256')
  const chunk = Buffer.alloc(chunkBytes)
  const counted = { files: 0, readBytes: 0, denied: 0 }

  async function visit(path: string, inside: string): Promise<void> {
    signal.throwIfAborted()
    const stats = await allowed(inside, async () => lstat(path, { bigint: true }))
    if (stats === null) return
    const { size, mtimeNs } = stats
    addText(hash, [inside, kindOf(stats), ...(stats.isDirectory() ? [] : [size, mtimeNs])])
    if (stats.isSymbolicLink()) addText(hash, [(await allowed(inside, async () => readlink(path))) ?? ''])
    if (stats.isFile()) await readFile(path, inside, size)
    if (!stats.isDirectory()) return
    const names = (await allowed(inside, async () => readdir(path))) ?? []
    const own = names.filter((name) => inside !== '' || name.toLowerCase() !== ownFolder.toLowerCase())
    addText(hash, [own.length])
    for (const name of own.toSorted(byCode)) await visit(join(path, name), join(inside, name))
  }

  /** Null where the access list denies it, which is digested too. */
  async function allowed<T>(inside: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      if (!denials.has(systemCode(error) ?? '')) throw error
      counted.denied += 1
      addText(hash, [inside, 'denied'])
      return null
    }
  }

  async function readFile(path: string, inside: string, size: bigint): Promise<void> {
    counted.files += 1
    const isChosen = counted.files <= alwaysRead || chosenBy(inside, size)
    if (!allContents && !isChosen) return
    const most = allContents ? Number.MAX_SAFE_INTEGER : sampleBytes
    const read = await allowed(inside, async () => addContents(path, most))
    counted.readBytes += read ?? 0
  }

  async function addContents(path: string, most: number): Promise<number> {
    await using file = await open(path)
    let read = 0
    while (read < most) {
      signal.throwIfAborted()
      const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, most - read), null)
      if (bytesRead === 0) break
      hash.update(chunk.subarray(0, bytesRead))
      read += bytesRead
    }
    return read
  }

  await visit(root, '')
  return { digest: hash.digest('hex'), ...counted }
}

function kindOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'folder'
  return stats.isSymbolicLink() ? 'link' : 'special'
}

function chosenBy(inside: string, size: bigint): boolean {
  const [first = 0] = createHash('sha256').update(inside).update(String(size)).digest()
  return first % sampleShare === 0
}

/** Each value with its length before it, so that no two lists are the same bytes. */
function addText(hash: Hash, values: readonly (string | bigint | number)[]): void {
  for (const value of values) {
    const bytes = Buffer.from(String(value))
    hash.update(`${bytes.length}:`).update(bytes)
  }
}

/** The same on every system, whatever its language. */
function byCode(one: string, other: string): number {
  return one < other ? -1 : one === other ? 0 : 1
}
