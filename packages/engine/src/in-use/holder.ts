import { link, open, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { randomHex } from '@varve/core/binary/random-hex'
import { smallTextOf } from './proc-files.ts'
import { systemCode, writeError } from '../system/system-error.ts'

/** Who holds a lock: a process that lives. */
export interface Holder {
  readonly pid: number
  /** When that process began, where the system tells: an id is used again. */
  readonly began: string | null
}

/** Takes the lock file `path`; gives the living holder when somebody else has it. A dead holder's lock is taken over. */
export async function takeLock(path: string): Promise<AsyncDisposable | Holder> {
  const text = JSON.stringify(thisProcess())
  for (;;) {
    if (await makeLockFile(path, text))
      return { [Symbol.asyncDispose]: async () => rm(path, { force: true }) }
    const found = await textOrNull(path)
    const holder = found === null ? null : parseHolder(found)
    if (holder !== null && isHolderAlive(holder)) return holder
    if (found !== null) await takeAway(path, found)
  }
}

/** The living process that holds the lock; null: nobody. */
export async function holderOf(path: string): Promise<Holder | null> {
  const holder = parseHolder((await textOrNull(path)) ?? '')
  return holder !== null && isHolderAlive(holder) ? holder : null
}

/** This process, as lock files name it. */
export function thisProcess(): Holder {
  return { pid: process.pid, began: beginningOf(process.pid) }
}

/** Whether that process, and no later one with its number, is there. */
export function isHolderAlive({ pid, began }: Holder): boolean {
  if (!isThere(pid)) return false
  const now = beginningOf(pid)
  return began === null || now === null || now === began
}

/** Makes the file with that text, whole or not at all; false when there is one of that name. */
export async function makeLockFile(path: string, text: string): Promise<boolean> {
  const mine = besideLock(path)
  try {
    await writeFile(mine, text, { flag: 'wx' })
    // A link is made whole or not at all: a lock always names its holder.
    await link(mine, path)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') return false
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSYS')
      return await makeWithoutLinks(path, text)
    throw writeError(error, path)
  } finally {
    await unlink(mine).catch(() => {})
  }
}

/** A short name, as that of the lock may be as long as names can be. */
function besideLock(path: string): string {
  return join(dirname(path), `.varve-${process.pid}-${randomHex(4)}.lock`)
}

/** Filesystems without links: for a moment the file may be there without its text. */
async function makeWithoutLinks(path: string, text: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx')
    await file.writeFile(text)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw writeError(error, path)
  }
}

/** Removes a lock that nobody holds, if it is still the one with that text. */
export async function takeAway(path: string, text: string): Promise<void> {
  const aside = besideLock(path)
  try {
    await rename(path, aside)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw writeError(error, path)
  }
  // Somebody was quicker, and it is theirs.
  if ((await textOrNull(aside)) !== text) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
}

/** The text of a lock; null when it is not there or not to be read. */
export async function textOrNull(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch(() => null)
}

function parseHolder(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
      return null
    const began = 'began' in value && typeof value.began === 'string' ? value.began : null
    return { pid: value.pid, began }
  } catch {
    return null
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process cannot be asked, but it is there.
    return systemCode(error) === 'EPERM'
  }
}

/** Field 22 of `/proc/<pid>/stat` with the boot's id: no other process ever has both (proc(5)). */
function beginningOf(pid: number): string | null {
  const stat = smallTextOf(`/proc/${pid}/stat`)
  const boot = smallTextOf('/proc/sys/kernel/random/boot_id')
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return ticks === undefined ? null : `${boot.trim()}:${ticks}`
}
