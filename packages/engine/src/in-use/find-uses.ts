import type { BigIntStats } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExportUse, FileUses, Use, Uses } from '@varve/core/problems/use'
import { useError } from '@varve/core/uses/use-problems'
import { attachmentsOf } from './attachments.ts'
import { kernelRoots } from './attached-device.ts'
import { isExported } from './exports.ts'
import { findWriters } from './find-writers.ts'
import { expectLook } from './lock-table.ts'
import { runOf } from './run-locks.ts'
import { rememberingFolders, serversOf } from './serving-notes.ts'
import type { FindWriters, FindWritersOptions } from './writers.ts'

/**
 * What is about to be done with the files: `read` them as a whole, which who writes disturbs, and no run besides; `move` them or their names, which
 * also those mind who have locked them; `change` their bytes, which nobody who only reads may see.
 */
export type Purpose = 'read' | 'move' | 'change'

export interface FindUsesOptions {
  readonly purpose?: Purpose
  /** Asks the system; left out or null: as this process does. */
  readonly find?: FindWriters | null
  /** Where what is attached is noted; left out: where this host does. */
  readonly attachedFolder?: string
}

const counted: Readonly<Record<Purpose, Pick<FindWritersOptions, 'locks' | 'descriptors'>>> = {
  read: {},
  move: { locks: 'all' },
  change: { locks: 'all', descriptors: 'all' },
}

type Named = { readonly path: string }

/** Who uses each of the files, as of now: one answer from everything that tells; a file that is gone has nobody but a run. */
export async function findUses(
  files: readonly Named[],
  { purpose = 'read', find, attachedFolder }: FindUsesOptions = {},
): Promise<Uses> {
  expectLook()
  const known = await Promise.all(
    files.map(async ({ path }) => ({ path, stats: await stat(path, { bigint: true }).catch(() => null) })),
  )
  const isTold = (await Promise.all(files.map(inodeTells))).every(Boolean)
  const there = known.flatMap(({ stats }): BigIntStats[] => (stats === null ? [] : [stats]))
  const named = files.map(({ path }) => path)
  const found = await (find ?? findWriters)({ ...counted[purpose], named, ...(isTold && { only: there }) })
  const namesIn = rememberingFolders()
  const uses = known.map(async ({ path, stats }): Promise<FileUses> => {
    // A run may only read it too, and what it writes is seen as long as it writes.
    const run = purpose === 'read' ? null : await runOf(path)
    // Who is served only reads.
    const served = purpose === 'read' ? [] : await exportsOf({ path, stats }, namesIn)
    const others = stats === null ? [] : found.of(stats).filter((use) => !isServer(use, served))
    const attached = purpose === 'read' ? [] : await attachedAt(path, attachedFolder)
    const added = attached.filter((use) => !others.some((other) => isSameDevice(use, other)))
    return { path, uses: [...(run ? [run] : []), ...served, ...others, ...added] }
  })
  const [first] = known
  const isHidden = found.unseen.length > 0 && first !== undefined && mayBeOthers(first.stats)
  return { files: await Promise.all(uses), unseen: isHidden ? found.unseen : [] }
}

/** Whether this process serves the file, and which others do. */
async function exportsOf(
  { path, stats }: Named & { readonly stats: BigIntStats | null },
  namesIn: ReturnType<typeof rememberingFolders>,
): Promise<readonly ExportUse[]> {
  const own: readonly ExportUse[] =
    stats !== null && isExported(stats) ? [{ by: 'export', pid: process.pid, host: null }] : []
  return [...own, ...(await serversOf(path, namesIn))]
}

/** What Varve has attached, also for reading only; on Linux alone. */
async function attachedAt(path: string, folder: string | undefined): Promise<readonly Use[]> {
  if (process.platform !== 'linux') return []
  return await attachmentsOf(path, { roots: kernelRoots, ...(folder !== undefined && { folder }) })
}

function isSameDevice(a: Use, b: Use): boolean {
  return 'device' in a && 'device' in b && a.device === b.device
}

/** A process that has the file open to serve it is told once, as what it is. */
function isServer(use: Use, served: readonly ExportUse[]): boolean {
  return use.by === 'process' && use.how !== 'writes' && served.some(({ pid }) => pid === use.pid)
}

/** A program that looks at files for a moment is waited for so long. */
const passingMs = [100, 200, 400, 800]

/** They open a free loop device for writing, and let go of it where somebody was faster: nothing is written. */
const tryLoopDevices: ReadonlySet<string> = new Set(['losetup', 'mount'])

/** As `findUses`; who only looks at a file, or tries a loop device, for a moment does not count. */
export async function findLastingUses(files: readonly Named[], options: FindUsesOptions = {}): Promise<Uses> {
  for (const waitMs of passingMs) {
    const found = await findUses(files, options)
    if (!mayPass(found)) return found
    await sleep(waitMs)
  }
  return await findUses(files, options)
}

function mayPass({ files }: Uses): boolean {
  const uses = files.flatMap((file) => file.uses)
  return uses.length > 0 && uses.every(isPassing)
}

function isPassing(use: Use): boolean {
  if (use.by !== 'process') return false
  return use.how === 'reads' || (use.how === 'writes' && tryLoopDevices.has(use.command))
}

/** Throws `run-busy` or `in-use` for the first of the files that somebody uses. */
export async function assertNoUse(
  files: readonly Named[],
  { mayBeAccepted = false, ...options }: FindUsesOptions & { readonly mayBeAccepted?: boolean } = {},
): Promise<void> {
  for (const { path, uses } of (await findLastingUses(files, options)).files) {
    const error = useError({ path, uses }, mayBeAccepted)
    if (error) throw error
  }
}

/** Rights by which others than the owner write. */
const writableByOthers = 0o022n

/** Whether processes of other users, but for root's, may have it open for writing. */
function mayBeOthers(stats: BigIntStats | null): boolean {
  const user = process.geteuid?.()
  return (
    stats === null ||
    user === undefined ||
    stats.uid !== BigInt(user) ||
    (stats.mode & writableByOthers) !== 0n
  )
}

/**
 * Filesystems (statfs(2)) whose files have one inode number everywhere: ext4, XFS, Btrfs, tmpfs, ZFS, F2FS. Others, such as
 * overlayfs, tell stat(2) another one than `/proc/<pid>/fdinfo`.
 */
const inodesAreOne: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x2fc12fc1, 0xf2f52010,
])

async function inodeTells({ path }: Named): Promise<boolean> {
  const filesystem = await statfs(path).catch(() => null)
  return filesystem === null || inodesAreOne.has(filesystem.type)
}
