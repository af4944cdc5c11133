import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isWritersLock, parseLocks } from './linux-locks.ts'
import { linkOf, readNames, textOf } from './proc-files.ts'
import { isOwn, type Writer } from './writers.ts'

/** O_WRONLY and O_RDWR of open(2). */
const writingModes = 0b11
/** The event loop gets a turn after so long. */
const turnMs = 5
/** Links of descriptors that are never an image: they would only cost a question each. */
const neverImages = /^\/dev\/(?:null|zero|full|u?random|tty|ptmx|pts\/|kvm|fuse|net\/|vhost)/u

/** A file that a process may write to. */
export interface Held {
  readonly stats: BigIntStats
  readonly writer: Writer
}

export interface ProcessesSeen {
  readonly held: readonly Held[]
  /** Processes of other users, whose descriptors this one may not see. */
  readonly hidden: number
}

/** Every file that a process has open for writing or locked as writers do, from `/proc/<pid>/fd` and `fdinfo`. */
export async function lookAtProcesses(
  proc: string,
  counted: 'writing' | 'all' = 'writing',
): Promise<ProcessesSeen> {
  const held: Held[] = []
  const parentOf = rememberingParents(proc)
  let hidden = 0
  let turn = performance.now()
  const names = readNames(proc) ?? []
  for (const name of names) {
    if (!/^\d+$/u.test(name)) continue
    const pid = Number(name)
    if (isOwn(pid, parentOf)) continue
    if (performance.now() - turn > turnMs) {
      await setImmediate()
      turn = performance.now()
    }
    const descriptors = readNames(join(proc, name, 'fd'))
    if (descriptors === null) hidden += 1
    else held.push(...(await heldBy(join(proc, name), descriptors, counted)))
  }
  return { held, hidden }
}

/** Whether the descriptor that `fdinfo` tells about is open for writing, or holds the lock of a writer. */
export function opensForWriting(fdinfo: string): boolean {
  const flags = /^flags:\s*([0-7]+)/mu.exec(fdinfo)?.[1]
  if (flags === undefined) return false
  if ((Number.parseInt(flags, 8) & writingModes) !== 0) return true
  return fdinfo.includes('lock:') && parseLocks(fdinfo).some(isWritersLock)
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
  counted: 'writing' | 'all',
): Promise<Held[]> {
  const held: Held[] = []
  for (const descriptor of descriptors) {
    // Most are sockets and pipes, which the link's text tells.
    const target = linkOf(join(folder, 'fd', descriptor))
    if (!target.startsWith('/') || neverImages.test(target)) continue
    if (counted === 'writing' && !opensForWriting(textOf(join(folder, 'fdinfo', descriptor)))) continue
    const stats = await stat(join(folder, 'fd', descriptor), { bigint: true }).catch(() => null)
    if (stats === null || !(stats.isFile() || stats.isBlockDevice())) continue
    const pid = Number(folder.slice(folder.lastIndexOf('/') + 1))
    held.push({ stats, writer: { pid, command: commandOf(join(folder, '..'), pid) } })
  }
  return held
}

function rememberingParents(proc: string): (pid: number) => number {
  const known = new Map<number, number>()
  return (pid) => {
    const before = known.get(pid)
    if (before !== undefined) return before
    // `4242 (name with ) and blanks) S 17 …`: the name ends at the last bracket.
    const text = textOf(join(proc, String(pid), 'stat'))
    const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
    known.set(pid, parent)
    return parent
  }
}
