import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isWritersLock, parseLocks } from './linux-locks.ts'
import { linkOf, readNames, smallTextOf, textOf } from './proc-files.ts'
import type { ProcessUse } from '@varve/core/problems/use'
import { type FileIdentity, isOwn } from './writers.ts'

/** O_WRONLY and O_RDWR of open(2). */
const writingModes = 0b11
/** The event loop gets a turn after so long. */
const turnMs = 5
/** Links of descriptors that are never an image: they would only cost a question each. */
const neverImages = /^\/dev\/(?:null|zero|full|u?random|tty|ptmx|pts\/|kvm|fuse|net\/|vhost)/u

/** A file that a process uses. */
export interface Held {
  readonly stats: BigIntStats
  readonly use: ProcessUse
}

export interface ProcessesSeen {
  readonly held: readonly Held[]
  /** Processes of other users, whose descriptors this one may not see. */
  readonly hidden: number
}

export interface LookOptions {
  readonly counted?: 'writing' | 'all'
  /** The only files that are looked for; default: all. */
  readonly only?: readonly FileIdentity[] | undefined
}

/** Every file that a process has open for writing or locked as writers do, from `/proc/<pid>/fd` and `fdinfo`. */
export async function lookAtProcesses(
  proc: string,
  { counted = 'writing', only }: LookOptions = {},
): Promise<ProcessesSeen> {
  const held: Held[] = []
  const wanted = inodesOf(only)
  const parentOf = rememberingParents(proc)
  let hidden = 0
  let turn = performance.now()
  const names = readNames(proc) ?? []
  for (const name of names) {
    if (!/^\d+$/u.test(name)) continue
    if (performance.now() - turn > turnMs) {
      await setImmediate()
      turn = performance.now()
    }
    const descriptors = readNames(`${proc}/${name}/fd`)
    const found =
      descriptors === null ? null : await heldBy(`${proc}/${name}`, descriptors, { counted, wanted })
    // Whose child it is costs as much as all its descriptors: asked of the few for which it matters.
    if (found?.length === 0 || isOwn(Number(name), parentOf)) continue
    if (found === null) hidden += 1
    else held.push(...found)
  }
  return { held, hidden }
}

/** What the holder of the descriptor that `fdinfo` tells about does: writes, holds the lock of a writer, or reads. */
export function useOfDescriptor(fdinfo: string): ProcessUse['how'] {
  const flags = /^flags:\s*([0-7]+)/mu.exec(fdinfo)?.[1]
  if (flags === undefined) return 'reads'
  if ((Number.parseInt(flags, 8) & writingModes) !== 0) return 'writes'
  return fdinfo.includes('lock:') && parseLocks(fdinfo).some(isWritersLock) ? 'locks' : 'reads'
}

/** The name of a process; it may have ended meanwhile. */
export function commandOf(proc: string, pid: number): string {
  return (
    textOf(join(proc, String(pid), 'comm'))
      .trim()
      .slice(0, 64) || 'a process'
  )
}

async function heldBy(
  folder: string,
  descriptors: readonly string[],
  { counted, wanted }: { readonly counted: 'writing' | 'all'; readonly wanted: ReadonlySet<string> | null },
): Promise<Held[]> {
  const held: Held[] = []
  for (const descriptor of descriptors) {
    // Most are sockets and pipes, which the link's text tells.
    const target = linkOf(`${folder}/fd/${descriptor}`)
    if (!target.startsWith('/') || neverImages.test(target)) continue
    const fdinfo = smallTextOf(`${folder}/fdinfo/${descriptor}`)
    const how = useOfDescriptor(fdinfo)
    if (counted === 'writing' && how === 'reads') continue
    if (wanted !== null && isOther(fdinfo, wanted)) continue
    const stats = await stat(`${folder}/fd/${descriptor}`, { bigint: true }).catch(() => null)
    if (stats === null || !(stats.isFile() || stats.isBlockDevice())) continue
    const pid = Number(folder.slice(folder.lastIndexOf('/') + 1))
    held.push({ stats, use: { by: 'process', pid, command: commandOf(join(folder, '..'), pid), how } })
  }
  return held
}

/** The inodes of the files, as text; null where the inode does not tell, as a device has many nodes. */
function inodesOf(files: readonly FileIdentity[] | undefined): ReadonlySet<string> | null {
  if (files === undefined || files.some((file) => file.isBlockDevice?.())) return null
  return new Set(files.map(({ ino }) => String(ino)))
}

/** Whether fdinfo says that a descriptor is of another file; kernels before Linux 5.14 do not tell. */
function isOther(fdinfo: string, wanted: ReadonlySet<string>): boolean {
  const inode = /^ino:\s*(\d+)/mu.exec(fdinfo)?.[1]
  return inode !== undefined && !wanted.has(inode)
}

function rememberingParents(proc: string): (pid: number) => number {
  const known = new Map<number, number>()
  return (pid) => {
    const before = known.get(pid)
    if (before !== undefined) return before
    // `4242 (name with ) and blanks) S 17 …`: the name ends at the last bracket.
    const text = smallTextOf(`${proc}/${pid}/stat`)
    const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
    known.set(pid, parent)
    return parent
  }
}
