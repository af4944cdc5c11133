import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from './temp-place.ts'
import { runTool, runToolOk } from './tools.ts'

const MiB = 1024 ** 2

/** A filesystem that Linux mounts, and the tool that says whether it is sound. */
export interface FilesystemKind {
  readonly name: string
  /** Makes it; the device or file comes last. */
  readonly make: readonly [string, ...string[]]
  /** Looks only; fails where anything is wrong. */
  readonly check: readonly [string, ...string[]]
}

export const filesystemKinds = {
  ext4: { name: 'ext4', make: ['mkfs.ext4', '-q', '-F'], check: ['e2fsck', '-f', '-n'] },
  xfs: { name: 'xfs', make: ['mkfs.xfs', '-q', '-f'], check: ['xfs_repair', '-n', '-f'] },
  btrfs: { name: 'btrfs', make: ['mkfs.btrfs', '-q', '-f'], check: ['btrfs', 'check', '--readonly'] },
  ntfs: { name: 'ntfs', make: ['mkfs.ntfs', '-q', '-F', '-Q'], check: ['ntfsfix', '-n'] },
} as const satisfies Record<string, FilesystemKind>

interface Use {
  /** MiB of files that stay, and of files that are written and removed again. */
  readonly kept: number
  readonly removed: number
}

/** Mounts it through a loop device, for as long as `work` takes. */
export async function mounted<T>(
  image: string,
  work: (folder: string) => Promise<T>,
  options = 'loop',
): Promise<T> {
  await using place = await tempPlace()
  const folder = place.file('mounted')
  await mkdir(folder)
  await runToolOk('mount', ['-o', options, image, folder])
  try {
    return await work(folder)
  } finally {
    await runToolOk('umount', [folder])
  }
}

/** Writes files into the mounted folder, some of which are removed again once all of it is on the medium. */
export async function useFilesystem(folder: string, { kept, removed }: Use): Promise<void> {
  await mkdir(join(folder, 'kept', 'deep'), { recursive: true })
  await mkdir(join(folder, 'removed'))
  for (let index = 0; index < Math.max(kept, removed); index += 1) {
    if (index < kept) await writeFile(join(folder, 'kept', `file-${index}`), randomBytes(MiB))
    if (index < removed) await writeFile(join(folder, 'removed', `file-${index}`), randomBytes(MiB))
  }
  for (let index = 0; index < 100; index += 1)
    await writeFile(join(folder, 'kept', 'deep', `small-${index}`), randomBytes(3000))
  await runToolOk('sync', ['-f', folder])
  await rm(join(folder, 'removed'), { recursive: true })
  await runToolOk('sync', ['-f', folder])
}

/** A filesystem of `size` MiB in a new file, from which files were removed: their bytes are in it still. */
export async function usedFilesystem(
  kind: FilesystemKind,
  image: string,
  {
    size = 400,
    kept = 30,
    removed = 60,
    more = [],
  }: Partial<Use> & { size?: number; more?: readonly string[] } = {},
): Promise<void> {
  await writeFile(image, '')
  await truncate(image, size * MiB)
  const [tool, ...args] = kind.make
  await runToolOk(tool, [...args, ...more, image])
  await mounted(image, async (folder) => useFilesystem(folder, { kept, removed }))
}

/** One digest over the names and contents of all files. */
export async function filesIn(image: string, options = 'loop,ro'): Promise<string> {
  return await mounted(image, digestOfFolder, options)
}

export async function digestOfFolder(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const hash = createHash('sha256')
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  for (const path of paths.toSorted()) hash.update(path.slice(folder.length)).update(await readFile(path))
  return hash.digest('hex')
}

/** What the filesystem's own checker has against it; null: nothing. */
export async function faultsOf(kind: FilesystemKind, image: string): Promise<string | null> {
  const [tool, ...args] = kind.check
  const { exitCode, stdout, stderr } = await runTool(tool, [...args, image])
  return exitCode === 0 ? null : `${stdout}\n${stderr}`
}
