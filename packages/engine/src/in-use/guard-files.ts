import type { BigIntStats } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import type { ImageFile } from '@varve/core/formats/image-files'
import { DiskError } from '@varve/core/problems/disk-error'
import type { InUse } from '../run/run-options.ts'
import { findWriters } from './find-writers.ts'
import { describeWriters, type FindWriters, type OpenWriters, type Writer } from './writers.ts'

/** A long run looks again so often: a writer that comes meanwhile is not read along with until the end. */
const lookAgainMs = 5000

export interface GuardOptions {
  readonly inUse?: InUse | undefined
  readonly signal?: AbortSignal | undefined
  readonly lookAgainMs?: number
  readonly find?: FindWriters
}

/** Watches over files while they are read as a whole. */
export interface WriterGuard extends Disposable {
  /** Aborts with the caller's signal, and with `in-use` when a writer comes. */
  readonly signal: AbortSignal | undefined
  /** Throws `in-use` when somebody may write to one of the files now, or did when it was looked last. */
  assertNone(): Promise<void>
}

type Guarded = Pick<ImageFile, 'path'>

/** Throws `in-use` unless nobody else may write to any of `files`; from then on looks again from time to time. */
export async function guardFiles(
  files: readonly Guarded[],
  options: GuardOptions = {},
): Promise<WriterGuard> {
  const { inUse = 'refuse', signal, lookAgainMs: pauseMs = lookAgainMs, find = findThese } = options
  if (inUse === 'accept' || files.length === 0)
    return { signal, async assertNone() {}, [Symbol.dispose]() {} }
  const look = async () => assertNoWriters(files, find, inUse === 'ask')
  await look()
  const came = new AbortController()
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look()
      .catch((error: unknown) => came.abort(error))
      .finally(() => {
        looking = false
      })
  }, pauseMs)
  timer.unref()
  return {
    signal: signal ? AbortSignal.any([signal, came.signal]) : came.signal,
    async assertNone() {
      came.signal.throwIfAborted()
      await look()
    },
    [Symbol.dispose]() {
      clearInterval(timer)
    },
  }
}

/** The signal of a run that `guard` watches over, as an option. */
export function guarded({ signal }: WriterGuard): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {}
}

/** Throws `in-use` with the first of `files` that another process or the kernel may write to. */
export async function assertNoWriters(
  files: readonly Guarded[],
  find: FindWriters = findThese,
  mayBeAccepted = false,
): Promise<void> {
  for (const { path, writers } of (await writersOf(files, find)).files) {
    if (writers.length > 0)
      throw new DiskError('in-use', {
        file: path,
        by: describeWriters(writers),
        ...(mayBeAccepted && { mayBeAccepted }),
      })
  }
}

/**
 * Filesystems (statfs(2)) whose files have one inode number everywhere: ext4, XFS, Btrfs, tmpfs, ZFS, F2FS. Others, such as
 * overlayfs, tell stat(2) another one than `/proc/<pid>/fdinfo`.
 */
const inodesAreOne: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x2fc12fc1, 0xf2f52010,
])

async function inodeTells({ path }: Guarded): Promise<boolean> {
  const filesystem = await statfs(path).catch(() => null)
  return filesystem === null || inodesAreOne.has(filesystem.type)
}

/** Looks for the writers of these files only, which costs less. */
export const findThese: FindWriters = async (only) => await findWriters(only ? { only } : {})

export interface FoundWriters extends Pick<OpenWriters, 'unseen'> {
  readonly files: readonly { readonly path: string; readonly writers: readonly Writer[] }[]
}

/** Who may write to each of `files`; a file that is gone has nobody. */
export async function writersOf(files: readonly Guarded[], find: FindWriters): Promise<FoundWriters> {
  const known = await Promise.all(
    files.map(async ({ path }) => ({ path, stats: await stat(path, { bigint: true }).catch(() => null) })),
  )
  const isTold = (await Promise.all(files.map(inodeTells))).every(Boolean)
  const there = known.flatMap(({ stats }): BigIntStats[] => (stats === null ? [] : [stats]))
  const found = await find(isTold ? there : null)
  return {
    unseen: found.unseen,
    files: known.map(({ path, stats }) => ({ path, writers: stats === null ? [] : found.of(stats) })),
  }
}
